//! The claims of the imports that are given, all of which are put before the service is asked anything: so whatever keeps the
//! collect from one of them, a later collect takes it up.

use futures_util::{StreamExt, stream};
use tokio::time::sleep;

use super::import::{End, Import};
use super::stop::{Ends, GRACE, Why};
use crate::error::{Error, Timeout};
use crate::protocol::Protocol;

/// How many claims are looked up and put at once.
const AT_ONCE: usize = 16;

/// Claims imports that nobody has claimed yet, each with how the service is to be asked about it. Tells of each, in this order,
/// what has come of it, if it needs no further work.
///
/// Once the collect has to end, what is left is still claimed, unless that takes its time.
pub(super) async fn claim_all(
    imports: impl ExactSizeIterator<Item = (Import, Protocol)>,
    ends: &Ends,
) -> Vec<Option<End>> {
    let all = imports.len();
    let mut told = Vec::with_capacity(all);
    let claiming = async {
        let claim = |(import, protocol): (Import, Protocol)| async move { import.claim_first(protocol).await };
        let mut claimed = stream::iter(imports).map(claim).buffered(AT_ONCE);
        while let Some(end) = claimed.next().await {
            told.push(end);
        }
    };
    let late = async {
        let why = ends.come().await;
        sleep(GRACE).await;
        why
    };
    tokio::select! {
        biased;
        () = claiming => {}
        why = late => told.resize_with(all, || Some(End::failed(unclaimed(why)))),
    }
    told
}

/// Why an import was never claimed.
fn unclaimed(why: Why) -> Error {
    let what = match why {
        Why::Stopped => "the collect was stopped before it was claimed",
        Why::Deadline => "the deadline of the whole collect passed before it was claimed",
    };
    Error::timed_out(Timeout::Whole, what).advise("give its id again: the archive doesn't know it yet")
}
