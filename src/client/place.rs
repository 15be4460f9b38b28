//! A place among so many that may be at work at once.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A place among so many that may be at work at once. A client that [works from it](super::Client::working_from) leaves it
/// while it waits for its turn, so that others can be at work meanwhile.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Semaphore>,
    taken: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Place {
    /// Waits until a place is free, and takes it.
    #[cfg(any(test, feature = "archive"))]
    pub(crate) async fn take(places: &Arc<Semaphore>) -> Self {
        let place = Place { places: Arc::clone(places), taken: Mutex::default() };
        place.sit_down().await;
        place
    }

    /// Leaves it for as long as something takes.
    pub(crate) async fn left_during<T>(&self, wait: impl Future<Output = T>) -> T {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).take();
        let waited = wait.await;
        self.sit_down().await;
        waited
    }

    async fn sit_down(&self) {
        // Nobody closes the places; were they closed, nobody would have to wait any more.
        let taken = Arc::clone(&self.places).acquire_owned().await.ok();
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = taken;
    }
}
