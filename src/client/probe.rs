//! A part of a call by itself, without a network: for the benchmarks and fuzz targets of this repository alone.

use super::body::AnswerBody;
use super::operation::ServiceOperation;
use super::soap_answer::Answered;
use crate::protocol::Protocol;
use crate::read::counter::ReasonCounter;
use crate::read::options::ReadOptions;
use crate::reason::counts::ReasonCounts;

/// Counts the faults of the report in a SOAP answer, which comes in pieces. `None` where it is no such answer.
pub fn count_envelope<'p>(pieces: impl IntoIterator<Item = &'p [u8]>, options: &ReadOptions) -> Option<ReasonCounts> {
    let mut body = AnswerBody::new(Protocol::Soap, ServiceOperation::Faults, u64::MAX);
    let mut counter = ReasonCounter::with_options(options);
    let mut report = Vec::new();
    for piece in pieces {
        report.clear();
        let goes_on = body.feed(piece, &mut report).ok()?;
        counter.feed(&report).ok()?;
        if !goes_on {
            break;
        }
    }
    match body.finish().1 {
        Ok(Answered::Result(_)) => counter.finish().ok(),
        _ => None,
    }
}
