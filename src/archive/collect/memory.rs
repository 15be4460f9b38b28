//! The memory that may be taken by files that are being made, over all jobs.
//!
//! How large a file will be is known once it is made. So each reserves what its report takes, and asks for more on the way,
//! which it gets only if that is free right now: waiting while it holds some could end with all waiting for each other. Whoever
//! doesn't get it lets go of all, waits for all the memory there is, and makes the file again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, ErrorKind};

/// Memory is counted in units of this size.
const UNIT: u64 = 4096;

/// The memory of all jobs.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    free: Arc<Semaphore>,
    units: u32,
}

/// What one job has of it, for as long as this is there.
#[derive(Debug)]
pub(super) struct Reserved {
    memory: Memory,
    permit: Mutex<Option<OwnedSemaphorePermit>>,
}

/// There is no more for now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoMore;

impl Memory {
    pub(super) fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes.div_ceil(UNIT).max(1)).unwrap_or(u32::MAX);
        let units = units.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Memory { free: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// Waits for so much of it, or for all if that is less.
    pub(super) async fn reserve(&self, bytes: u64) -> Reserved {
        self.take(units(bytes).clamp(1, self.units)).await
    }

    /// Waits for all of it.
    pub(super) async fn reserve_all(&self) -> Reserved {
        self.take(self.units).await
    }

    async fn take(&self, units: u32) -> Reserved {
        // Nobody closes it.
        let permit = Arc::clone(&self.free).acquire_many_owned(units).await.ok();
        Reserved { memory: self.clone(), permit: Mutex::new(permit) }
    }

    pub(super) fn too_little(&self) -> Error {
        let bytes = u64::from(self.units) * UNIT;
        let what = format!("the file of the import's faults takes more than the {bytes} bytes of memory allowed");
        Error::new(ErrorKind::TooLarge, what).advise("allow more (CollectOptions::memory, --memory)")
    }
}

impl Reserved {
    /// Takes as much as is needed for so many bytes, if it is free.
    pub(super) fn grow_to(&self, bytes: u64) -> Result<(), NoMore> {
        let mut permit = self.permit();
        let missing = units(bytes).saturating_sub(held(&permit));
        if missing > 0 {
            let more = Arc::clone(&self.memory.free).try_acquire_many_owned(missing).map_err(|_| NoMore)?;
            match &mut *permit {
                Some(permit) => permit.merge(more),
                none => *none = Some(more),
            }
        }
        Ok(())
    }

    /// Gives back what isn't needed.
    pub(super) fn shrink_to(&self, bytes: u64) {
        let mut permit = self.permit();
        let more = held(&permit).saturating_sub(units(bytes));
        drop(permit.as_mut().and_then(|permit| permit.split(more as usize)));
    }

    /// Is there nobody else who holds any?
    pub(super) fn is_all(&self) -> bool {
        held(&self.permit()) >= self.memory.units
    }

    fn permit(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn held(permit: &Option<OwnedSemaphorePermit>) -> u32 {
    permit.as_ref().map_or(0, |permit| u32::try_from(permit.num_permits()).unwrap_or(u32::MAX))
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_gets_no_more_waits_for_all() {
        let memory = Memory::new(10 * UNIT);
        let (one, other) = (memory.reserve(4 * UNIT).await, memory.reserve(1).await);
        assert_eq!(
            (one.grow_to(UNIT), one.grow_to(9 * UNIT), one.grow_to(9 * UNIT + 1)),
            (Ok(()), Ok(()), Err(NoMore))
        );
        assert_eq!(other.grow_to(UNIT + 1), Err(NoMore));
        drop(other);
        let waiting = tokio::spawn({
            let memory = memory.clone();
            async move { memory.reserve_all().await }
        });
        tokio::task::yield_now().await;
        // Nobody comes before the one who waits for all.
        one.shrink_to(UNIT);
        assert_eq!((one.grow_to(2 * UNIT), one.is_all(), waiting.is_finished()), (Err(NoMore), false, false));
        drop(one);
        let all = waiting.await.unwrap();
        assert!(all.is_all() && all.grow_to(10 * UNIT).is_ok() && all.grow_to(11 * UNIT).is_err());
        all.shrink_to(3 * UNIT);
        assert!(!all.is_all());
        // More than there is, is all.
        drop(all);
        assert!(memory.reserve(u64::MAX).await.is_all());
        assert!(memory.too_little().to_string().contains("40960 bytes"));
    }
}
