//! How far something is that takes its time: an import, or an enrolment.

use std::time::{Duration, Instant};

use super::status::Status;

/// On its way to its end, by questions, by time, or by both.
pub(super) struct Progress {
    /// How it stands until it has ended.
    pub(super) until_then: Status,
    /// How it stands once it has ended.
    pub(super) at_last: Status,
    /// For how many more questions it has not ended.
    pub(super) questions: u32,
    end: FinishTime,
}

/// Until when it has not ended.
enum FinishTime {
    Past,
    At(Instant),
    Never,
}

impl Progress {
    /// One that has finished already.
    pub(super) fn new(until_then: Status) -> Progress {
        Progress { until_then, at_last: Status::Finished, questions: 0, end: FinishTime::Past }
    }

    /// It ends so long after a moment.
    pub(super) fn end_in(&mut self, duration: Duration, now: Instant) {
        // An end beyond the clock's is never reached.
        self.end = now.checked_add(duration).map_or(FinishTime::Never, FinishTime::At);
    }

    pub(super) fn has_ended(&self, now: Instant) -> bool {
        let is_past = match self.end {
            FinishTime::Past => true,
            FinishTime::At(end) => end <= now,
            FinishTime::Never => false,
        };
        self.questions == 0 && is_past
    }

    pub(super) fn status_at(&self, now: Instant) -> &Status {
        if self.has_ended(now) { &self.at_last } else { &self.until_then }
    }

    /// The status that a question gets which brings it nearer to its end, and whether it has ended.
    pub(super) fn ask(&mut self, now: Instant) -> (Status, bool) {
        let answer = (self.status_at(now).clone(), self.has_ended(now));
        self.questions = self.questions.saturating_sub(1);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_on_with_the_questions_and_the_time() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut progress = Progress::new(Status::NotFinished);
        assert_eq!(progress.ask(now), (Status::Finished, true));
        progress.at_last = Status::Failed;
        progress.questions = 2;
        progress.end_in(second, now);
        assert_eq!(progress.ask(now), (Status::NotFinished, false));
        // Looking at it brings it no nearer.
        assert_eq!(progress.status_at(now + second), &Status::NotFinished);
        assert_eq!(progress.ask(now + second), (Status::NotFinished, false));
        assert_eq!(progress.ask(now), (Status::NotFinished, false));
        assert_eq!(progress.ask(now + second), (Status::Failed, true));
        progress.end_in(Duration::MAX, now);
        assert_eq!(progress.ask(now + second), (Status::NotFinished, false));
    }
}
