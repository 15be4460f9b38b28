//! Signals that end a collect: the first lets what is being put be finished, the second ends the program.

use std::future::Future;
use std::io;

use dotdigital_faults::archive::Stop;
use tokio::sync::watch;

use crate::cli::arriving::arriving;

/// What the program ends with once a signal has come: 128 and its number.
type Code = u8;

/// Whether one has come.
pub struct Signals(watch::Receiver<Option<Code>>);

impl Signals {
    /// Stops a collect once one comes, from now on and as long as the runtime is there.
    pub fn heed(stop: &Stop) -> io::Result<Self> {
        let (sender, receiver) = watch::channel(None);
        let (mut next, stop) = (arriving()?, stop.clone());
        tokio::spawn(async move {
            while let Some(code) = next.next().await {
                if sender.send_replace(Some(code)).is_some() {
                    std::process::exit(code.into());
                }
                stop.now();
            }
        });
        Ok(Signals(receiver))
    }

    /// What the program ends with, if one has come.
    pub fn code(&self) -> Option<Code> {
        *self.0.borrow()
    }

    /// What comes of something that needn't be finished; `None` where a signal comes first.
    pub async fn unless_they_come<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut signals = self.0.clone();
        let come = std::pin::pin!(signals.wait_for(Option::is_some));
        match futures_util::future::select(std::pin::pin!(work), come).await {
            futures_util::future::Either::Left((done, _)) => Some(done),
            futures_util::future::Either::Right(_) => None,
        }
    }
}
