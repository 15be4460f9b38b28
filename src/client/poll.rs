//! Waiting for an import to finish.

use std::time::Duration;

use tokio::time::sleep;

use super::deadline::Deadline;
use super::progress::{Observer, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::report_id::ReportId;
use crate::status::ImportStatus;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Asks for the status until the import has finished, has ended otherwise, or the deadline doesn't leave the time to
/// ask again.
pub(super) async fn until_finished<A>(
    id: ReportId,
    is_final: fn(&ImportStatus) -> bool,
    mut ask: impl FnMut() -> A,
    deadline: &Deadline,
    observer: &Observer,
) -> Result<()>
where
    A: Future<Output = Result<ImportStatus>>,
{
    let mut pause = FIRST_PAUSE;
    let mut last = None;
    loop {
        let status = match (ask().await, last) {
            (Ok(status), _) => status,
            // That there was no time for one more answer says less than the one before.
            (Err(error), Some(last)) if error.kind() == ErrorKind::TimedOut && deadline.has_passed() => {
                return Err(late(id, &last));
            }
            (Err(error), _) => return Err(error),
        };
        match &status {
            ImportStatus::Finished => return Ok(()),
            ended if is_final(ended) => {
                let what = format!("the {} has ended without a report, with status {ended}", id.noun());
                return Err(Error::new(ErrorKind::EndedWithoutReport, what));
            }
            _ => {}
        }
        let remaining = deadline.remaining();
        if remaining.is_zero() {
            return Err(late(id, &status));
        }
        // One last time right before the deadline would leave no time for the answer.
        let next = pause.min(remaining);
        observer.tell(&Progress::Waiting { status: &status, pause: next });
        tracing::debug!(%status, pause = ?next, "waiting");
        sleep(next).await;
        if deadline.has_passed() {
            return Err(late(id, &status));
        }
        last = Some(status);
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

fn late(id: ReportId, status: &ImportStatus) -> Error {
    let what = format!("the {} has not finished in the time allowed; its status is {status}", id.noun());
    Error::new(ErrorKind::NotFinished, what).advise("allow more time, or ask again later")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::time::Instant;
    use uuid::Uuid;

    use super::*;

    const ID: ReportId = ReportId::Import(Uuid::nil());

    /// Waits for one that answers in turn, the last answer for ever.
    async fn wait(mut answers: Vec<Result<ImportStatus>>, seconds: u64) -> (Result<()>, u32, Duration) {
        let (start, mut asked) = (Instant::now(), 0);
        let ask = || {
            asked += 1;
            std::future::ready(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
        };
        let deadline = Deadline::within(Duration::from_secs(seconds));
        let waited = until_finished(ID, ImportStatus::is_final, ask, &deadline, &Observer::default()).await;
        (waited, asked, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_for_finished_alone() {
        use ImportStatus::*;
        let (waited, asked, took) = wait(vec![Ok(NotFinished), Ok(NotFinished), Ok(Finished)], 300).await;
        waited.unwrap();
        assert_eq!((asked, took.as_secs()), (3, 3));

        let (waited, asked, took) = wait(vec![Ok(RejectedByWatchdog)], 300).await;
        let error = waited.unwrap_err();
        assert_eq!((error.kind(), asked, took.as_secs()), (ErrorKind::EndedWithoutReport, 1, 0));
        assert!(error.to_string().contains("RejectedByWatchdog"), "{error}");

        let failure = Error::new(ErrorKind::NotPermitted, "no");
        let (waited, asked, _) = wait(vec![Ok(NotFinished), Err(failure)], 300).await;
        assert_eq!((waited.unwrap_err().kind(), asked), (ErrorKind::NotPermitted, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_names_the_status() {
        let (waited, asked, took) = wait(vec![Ok(ImportStatus::NotFinished)], 300).await;
        let error = waited.unwrap_err();
        assert!(error.kind() == ErrorKind::NotFinished && error.to_string().contains("NotFinished"), "{error}");
        // After 0, 1, 3, 7, 15, 31, 63, 123, 183 and 243 seconds.
        assert_eq!((asked, took.as_secs()), (10, 300));
    }

    #[tokio::test(start_paused = true)]
    async fn the_hook_hears_of_each_pause() {
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&pauses);
        let observer = Observer::default().and(move |progress| {
            if let Progress::Waiting { pause, .. } = progress {
                heard.lock().unwrap().push(pause.as_secs());
            }
        });
        let ask = || std::future::ready(Ok(ImportStatus::NotFinished));
        let deadline = Deadline::within(Duration::from_secs(150));
        until_finished(ID, ImportStatus::is_final, ask, &deadline, &observer).await.unwrap_err();
        assert_eq!(*pauses.lock().unwrap(), [1, 2, 4, 8, 16, 32, 60, 27]);
    }
}
