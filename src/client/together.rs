//! What is to be done for a connection over which several ask at once: whoever waits does it for all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::tasks::Tasks;

/// The tasks of a connection that several use.
#[derive(Debug)]
pub struct Together {
    tasks: Mutex<Tasks>,
    waiting: Arc<Waiting>,
}

/// Who waits for an answer. The system wakes but the one that looked last, who may have its answer and be gone.
#[derive(Debug, Default)]
struct Waiting(Mutex<Vec<Waker>>);

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        let all = std::mem::take(&mut *lock(&self.0));
        all.into_iter().for_each(Waker::wake);
    }
}

impl Together {
    /// These are to be worked on.
    pub fn new(tasks: Tasks) -> Self {
        Self {
            tasks: Mutex::new(tasks),
            waiting: Arc::default(),
        }
    }

    /// Works on all of them once, and sees to it that whoever waits is woken when there is more to do; ready when none is
    /// left.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        {
            let mut waiting = lock(&self.waiting.0);
            if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                waiting.push(cx.waker().clone());
            }
        }
        let waker = Waker::from(Arc::clone(&self.waiting));
        lock(&self.tasks).poll(&mut Context::from_waker(&waker))
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here can be left half done.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Wake for Counting {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn all_who_wait_are_woken_whoever_looked_last() {
        let woken = [Arc::new(Counting::default()), Arc::new(Counting::default())];
        let system = Arc::new(Mutex::new(None));
        let mut tasks = Tasks::default();
        let seen = Arc::clone(&system);
        tasks.push(poll_fn(move |cx| {
            *lock(&seen) = Some(cx.waker().clone());
            Poll::<()>::Pending
        }));
        let together = Together::new(tasks);
        for counting in &woken {
            let waker = Waker::from(Arc::clone(counting));
            for _ in 0..2 {
                assert!(together.poll(&mut Context::from_waker(&waker)).is_pending());
            }
        }
        lock(&system).take().expect("somebody").wake();
        assert_eq!(woken.map(|counting| counting.0.load(Ordering::Relaxed)), [1, 1]);
    }
}
