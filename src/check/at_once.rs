//! Several things at once, and no more of them than that. Knows nothing of what they are.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::resume_unwind;

use tokio::task::JoinSet;

/// All of these, no more than so many at once; what came of each, in their order.
pub async fn all<F>(works: impl Iterator<Item = F>, at_once: usize) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut works = works.enumerate();
    let (mut under_way, mut done) = (JoinSet::new(), BTreeMap::new());
    loop {
        while under_way.len() < at_once
            && let Some((number, work)) = works.next()
        {
            under_way.spawn(async move { (number, work.await) });
        }
        match under_way.join_next().await {
            Some(Ok((number, came))) => done.insert(number, came),
            // Nobody ends one before it is done.
            Some(Err(panicked)) => resume_unwind(panicked.into_panic()),
            None => return done.into_values().collect(),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn no_more_than_so_many_at_once_and_in_order() {
        static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let works = (0..20_u64).map(|number| async move {
            let others = UNDER_WAY.fetch_add(1, Ordering::Relaxed);
            MOST.fetch_max(others + 1, Ordering::Relaxed);
            for _ in 0..(number * 7 % 5) {
                tokio::task::yield_now().await;
            }
            UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
            number
        });
        assert_eq!(all(works, 4).await, (0..20).collect::<Vec<_>>());
        assert_eq!(MOST.load(Ordering::Relaxed), 4);
        let done_at_once = (0..20_u64).map(std::future::ready);
        assert_eq!(all(done_at_once, 4).await, (0..20).collect::<Vec<_>>());
        assert_eq!(
            all(std::iter::empty::<std::future::Ready<u8>>(), 4).await,
            [0_u8; 0]
        );
    }
}
