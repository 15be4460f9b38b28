//! What is asked of the service about an import.

use std::collections::BTreeMap;
use std::io::Read;

use uuid::Uuid;

use super::spool::Spool;
use crate::client::{Client, ImportSummary};
use crate::error::Result;
use crate::protocol::Protocol;
use crate::report::reader::FaultReader;
use crate::report_id::ReportId;
use crate::status::ImportStatus;

/// The service's own figures, by the names that REST has for them.
pub(in crate::archive) type Figures = BTreeMap<String, u64>;

/// What is asked of the service about an import. Tests have one of their own.
pub(in crate::archive) trait Service: Clone + Send + Sync + 'static {
    /// How it is spoken to about an id. Over [`Protocol::V3`] the report tells the status and the figures, too.
    fn protocol(&self, id: ReportId) -> Protocol;

    /// How far the import is.
    fn status(&self, id: ReportId) -> impl Future<Output = Result<ImportStatus>> + Send;

    /// The report, as it is sent.
    fn report(&self, id: ReportId) -> impl Future<Output = Result<Spool>> + Send;

    /// The service's own figures.
    fn figures(&self, import_id: Uuid) -> impl Future<Output = Result<Figures>> + Send;

    /// The service's own figures, from an answer of the newer API.
    fn figures_in(&self, answer: impl Read) -> Result<Figures>;

    /// Reads a report as the account's are read.
    fn reader<R: Read>(&self, id: ReportId, report: R) -> FaultReader<R>;
}

impl Service for Client {
    fn protocol(&self, id: ReportId) -> Protocol {
        self.protocol_for(id)
    }

    async fn status(&self, id: ReportId) -> Result<ImportStatus> {
        self.import_status(id).await
    }

    async fn report(&self, id: ReportId) -> Result<Spool> {
        self.report_faults_to(id, || Ok(Spool::new())).await
    }

    async fn figures(&self, import_id: Uuid) -> Result<Figures> {
        Ok(map(&self.import_summary(import_id).await?))
    }

    fn figures_in(&self, answer: impl Read) -> Result<Figures> {
        Ok(map(&Client::summary_in(answer)?))
    }

    fn reader<R: Read>(&self, id: ReportId, report: R) -> FaultReader<R> {
        FaultReader::with_options(report, &self.options(id))
    }
}

fn map(summary: &ImportSummary) -> Figures {
    summary.figures().map(|(name, figure)| (name.into_owned(), figure)).collect()
}
