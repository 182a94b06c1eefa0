//! What hyper would have an event loop do for a connection, kept by the connection instead.
//!
//! On an event loop such a task lives until it ends by itself, and one whose peer floods and does not read never does:
//! its descriptor stays. In here it is worked on while somebody waits for an answer, and gone with its connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use hyper::rt::Executor;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tasks that were given and not looked at yet.
type Given = Mutex<Vec<Task>>;

/// All of a connection's, oldest first.
#[derive(Default)]
pub struct Tasks {
    running: Vec<Task>,
    given: Arc<Given>,
}

/// Where hyper gives its tasks to. Weak, because they hold it themselves.
#[derive(Debug, Clone)]
pub struct Giver(Weak<Given>);

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tasks")
    }
}

impl<T: Future<Output = ()> + Send + 'static> Executor<T> for Giver {
    fn execute(&self, task: T) {
        // Without a connection there is nothing to be done for it.
        if let Some(given) = self.0.upgrade() {
            let mut given = given.lock().unwrap_or_else(PoisonError::into_inner);
            given.push(Box::pin(task));
        }
    }
}

impl Tasks {
    /// Where to give to.
    pub fn giver(&self) -> Giver {
        Giver(Arc::downgrade(&self.given))
    }

    /// One more.
    pub fn push(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.take_given();
        self.running.push(Box::pin(task));
    }

    /// Works on all of them once; ready when none is left. There are two or three, so which of them was woken is not
    /// looked for.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.take_given();
        self.running
            .retain_mut(|task| task.as_mut().poll(cx).is_pending());
        // What was given meanwhile was never polled, so that nobody would wake us for it.
        while self.take_given() {
            self.running
                .retain_mut(|task| task.as_mut().poll(cx).is_pending());
        }
        if self.running.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Whether there were any.
    fn take_given(&mut self) -> bool {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let any = !given.is_empty();
        self.running.append(&mut given);
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn what_is_given_ends_with_the_connection_whoever_holds_it() {
        let held = Arc::new(());
        let tasks = Tasks::default();
        let giver = tasks.giver();
        let task = {
            let (giver, held) = (giver.clone(), Arc::clone(&held));
            async move {
                let _both = (giver, held);
                std::future::pending::<()>().await;
            }
        };
        giver.execute(task);
        assert_eq!(Arc::strong_count(&held), 2);
        drop(tasks);
        assert_eq!(Arc::strong_count(&held), 1);
        giver.execute(async {});
    }

    #[test]
    fn a_task_may_give_another_and_all_are_worked_on() {
        let mut tasks = Tasks::default();
        let giver = tasks.giver();
        tasks.push(async move { giver.execute(async {}) });
        let mut cx = Context::from_waker(Waker::noop());
        assert!(tasks.poll(&mut cx).is_ready());
        tasks.push(std::future::pending());
        assert!(tasks.poll(&mut cx).is_pending());
    }
}
