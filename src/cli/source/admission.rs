//! Whether the service lets these credentials in.
//!
//! An account may lock where a wrong password is tried again and again. So, where many imports are asked for, one goes
//! first: the others wait until the service has answered it in any way but a refusal. Once it has refused, nobody asks any
//! more. All imports of a run are asked for with the same credentials, so that the answer is the same for all of them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use dotdigital_faults::{Error, ErrorKind, Progress};
use uuid::Uuid;

use crate::cli::failure::{Failure, NOT_PERMITTED};

/// What is known of it, shared by all that ask.
#[derive(Clone, Default)]
pub struct Admission(Arc<Desk>);

#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Unknown,
    /// Somebody asks; the others wait.
    Asked,
    LetIn,
    /// The import that was refused.
    Refused(Uuid),
}

impl Admission {
    /// Waits until it is this import's turn.
    pub fn enter(&self, id: Uuid) -> Result<Visit, Failure> {
        let mut state = self.0.state();
        loop {
            match *state {
                State::Unknown => *state = State::Asked,
                State::Asked => {
                    state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                State::LetIn => {}
                State::Refused(other) => {
                    let what = format!(
                        "import {id}: not asked for, since the service has refused these credentials for import {other}, \
                         and an account may lock"
                    );
                    return Err(Failure::new(what).with_code(NOT_PERMITTED));
                }
            }
            return Ok(Visit { desk: Arc::clone(&self.0), id });
        }
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known; a refusal is final.
    fn set(&self, new: State) {
        let mut state = self.state();
        if !matches!(*state, State::Refused(_)) {
            *state = new;
        }
        self.changed.notify_all();
    }
}

/// One import that is asked for.
pub struct Visit {
    desk: Arc<Desk>,
    id: Uuid,
}

impl Visit {
    /// What a client is watched with: that it waits or asks again shows that it wasn't refused.
    pub fn hook(&self) -> impl Fn(&Progress<'_>) + Send + Sync + 'static {
        let desk = Arc::clone(&self.desk);
        move |progress| {
            if matches!(progress, Progress::Waiting { .. } | Progress::Retrying { .. }) {
                desk.set(State::LetIn);
            }
        }
    }

    /// Tells how it has ended.
    pub fn end<T>(self, ended: Result<T, Error>) -> Result<T, Error> {
        let is_refused = ended.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotPermitted);
        self.desk.set(if is_refused { State::Refused(self.id) } else { State::LetIn });
        ended
    }
}

/// Without an answer, another one may ask.
impl Drop for Visit {
    fn drop(&mut self) {
        let mut state = self.desk.state();
        if *state == State::Asked {
            *state = State::Unknown;
        }
        self.desk.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    const IDS: [Uuid; 2] = [Uuid::from_u128(1), Uuid::from_u128(2)];

    /// Who is in line gets in once the first one's end tells something, or once it has gone without.
    #[test]
    fn one_goes_first() {
        for has_ended in [true, false] {
            let admission = Admission::default();
            let first = admission.enter(IDS[0]).ok().unwrap();
            let (sender, receiver) = mpsc::channel();
            let second = {
                let admission = admission.clone();
                thread::spawn(move || {
                    let visit = admission.enter(IDS[1]).ok().unwrap();
                    sender.send("in").unwrap();
                    visit.end(Ok(())).unwrap();
                })
            };
            assert!(receiver.try_recv().is_err());
            if has_ended {
                // Whatever else is wrong, it was no refusal.
                let error = Error::from(std::io::Error::other("away"));
                assert!(first.end::<()>(Err(error)).is_err());
            } else {
                drop(first);
            }
            second.join().unwrap();
            assert_eq!(receiver.recv(), Ok("in"));
            assert!(admission.enter(IDS[0]).is_ok() && admission.enter(IDS[1]).is_ok());
        }
    }
}
