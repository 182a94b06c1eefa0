//! Room for answers and their lines: so many at a time, for however many kubelets.
//!
//! What a tick needs that is large is taken from here when the answer is there, and goes back when its lines have left, so
//! that a thousand kubelets need what a few do. Whoever waits for an answer has no room, so that one that never comes takes
//! none from anybody. Knows buffers, and not what for.

mod idle;

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use idle::Idle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::batch::{self, Batch};

/// Room for a larger answer than any node gives. As with a batch's text, what is not written to costs nothing.
const BODY: usize = 16 * 1024 * 1024;

/// With so many waiting nobody else is asked: an answer that waits is some 128 KiB in buffers, and grows old.
const QUEUE: usize = 8;

/// What one answer needs on its way.
#[derive(Debug, Default)]
pub struct Room {
    /// The answer.
    pub body: Vec<u8>,
    /// The most that was in `body` since it was made.
    body_peak: usize,
    /// Its lines.
    pub batch: Batch,
}

impl Room {
    /// Empties it. Memory far beyond what its last answer needed goes back to the system.
    fn clear(&mut self) {
        self.clear_body();
        self.batch.clear();
    }

    /// The lines are another tick's, which is over.
    fn clear_body(&mut self) {
        batch::clear(&mut self.body, &mut self.body_peak, BODY);
    }

    /// Gives all its memory back to the system.
    fn give_back(self) {
        batch::give_back(self.body);
        self.batch.give_back();
    }
}

/// For so many rooms there is one more for what is beside an answer, and one at least.
const BESIDE: usize = 8;

/// All rooms.
#[derive(Debug, Clone)]
pub struct Pool {
    permits: Arc<Semaphore>,
    /// For those who must be in nobody's way.
    beside: Arc<Semaphore>,
    /// Those that were used and nobody uses now. The last one that came back goes first: as many are made as are needed.
    free: Arc<Mutex<Idle<Room>>>,
    /// How many have an answer and no room.
    waiting: Arc<watch::Sender<usize>>,
}

/// One of them.
struct Waiting<'p>(&'p watch::Sender<usize>);

impl<'p> Waiting<'p> {
    fn new(all: &'p watch::Sender<usize>) -> Self {
        all.send_modify(|waiting| *waiting += 1);
        Self(all)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

impl Pool {
    /// So many rooms at most; none is made before it is needed.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            beside: Arc::new(Semaphore::new(most.div_ceil(BESIDE).min(Semaphore::MAX_PERMITS))),
            free: Arc::default(),
            waiting: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Waits for an empty room. Who came first has the first that is free.
    pub async fn room(&self) -> Taken {
        let permit = if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit)
        } else {
            let _waiting = Waiting::new(&self.waiting);
            Arc::clone(&self.permits).acquire_owned().await
        };
        // Nobody closes it.
        let mut taken = self.taken(permit.ok());
        taken.clear();
        taken
    }

    /// Waits for room for a body alone, which is none of those that answers have.
    pub async fn beside(&self) -> Taken {
        let permit = Arc::clone(&self.beside).acquire_owned().await;
        // Nobody closes it.
        let mut taken = self.taken(permit.ok());
        taken.clear_body();
        taken
    }

    fn taken(&self, permit: Option<OwnedSemaphorePermit>) -> Taken {
        Taken {
            room: self.free().pop().unwrap_or_default(),
            pool: self.clone(),
            _permit: permit,
        }
    }

    /// Waits until there is room soon for whoever is asked now. That is where a tick begins, whatever comes of it, and so
    /// rooms that are not needed any more go here.
    pub async fn is_calm(&self) {
        let unused = self.free().unused();
        unused.into_iter().for_each(Room::give_back);
        let mut waiting = self.waiting.subscribe();
        // The sender is ours.
        let _ = waiting.wait_for(|waiting| *waiting < QUEUE).await;
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Idle<Room>> {
        // Nothing in here can be left half done.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A room that somebody has; dropped it goes back.
#[derive(Debug)]
pub struct Taken {
    room: Room,
    pool: Pool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Deref for Taken {
    type Target = Room;

    fn deref(&self) -> &Room {
        &self.room
    }
}

impl DerefMut for Taken {
    fn deref_mut(&mut self) -> &mut Room {
        &mut self.room
    }
}

impl Drop for Taken {
    /// Before its permit: who comes next finds it.
    fn drop(&mut self) {
        let room = std::mem::take(&mut self.room);
        self.pool.free().push(room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rooms_are_few_used_again_and_empty() {
        let pool = Pool::new(2);
        let mut first = pool.room().await;
        first.body.extend_from_slice(b"an answer");
        let at = first.body.as_ptr();
        let second = pool.room().await;
        let third = pool.room();
        tokio::pin!(third);
        tokio::select! {
            biased;
            _ = &mut third => panic!("there are two"),
            () = std::future::ready(()) => {}
        }
        drop(first);
        let third = third.await;
        assert!(third.body.is_empty() && third.body.as_ptr() == at);
        drop((second, third));
        let mut free = pool.free();
        assert!(free.pop().is_some() && free.pop().is_some() && free.pop().is_none());
    }
}
