//! What is done with a connection, where that is not what a kubelet does.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What is done until it is over.
type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is done with each connection. Two are the same where one is a copy of the other.
pub struct Conduct<T>(Arc<dyn Fn(T) -> Doing + Send + Sync>);

impl<T> Conduct<T> {
    /// This.
    pub fn new<F>(conduct: impl Fn(T) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move |connection| Box::pin(conduct(connection))))
    }

    /// Does it.
    pub(crate) fn with(&self, connection: T) -> Doing {
        (self.0)(connection)
    }
}

impl<T> Clone for Conduct<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> PartialEq for Conduct<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Eq for Conduct<T> {}

impl<T> fmt::Debug for Conduct<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Conduct")
    }
}
