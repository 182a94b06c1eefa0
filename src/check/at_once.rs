//! Several things at once, and no more of them than that. Knows nothing of what they are.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

/// All of these, no more than so many at once; what came of each, in their order.
pub async fn all<F: Future>(works: impl Iterator<Item = F>, at_once: usize) -> Vec<F::Output> {
    let mut works = works.enumerate();
    let mut done = BTreeMap::new();
    let mut under_way: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    std::future::poll_fn(move |context| {
        loop {
            let room = at_once.saturating_sub(under_way.len());
            under_way.extend(
                works
                    .by_ref()
                    .take(room)
                    .map(|(number, work)| (number, Box::pin(work))),
            );
            if under_way.is_empty() {
                return Poll::Ready(std::mem::take(&mut done).into_values().collect());
            }
            let before = done.len();
            under_way.retain_mut(|(number, work)| match work.as_mut().poll(context) {
                Poll::Ready(came) => {
                    done.insert(*number, came);
                    false
                }
                Poll::Pending => true,
            });
            if done.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_more_than_so_many_at_once_and_in_order() {
        let (under_way, most) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
        let (under_way, most) = (&under_way, &most);
        let works = (0..20_u64).map(|number| async move {
            under_way.set(under_way.get() + 1);
            most.set(most.get().max(under_way.get()));
            for _ in 0..(number * 7 % 5) {
                tokio::task::yield_now().await;
            }
            under_way.set(under_way.get() - 1);
            number
        });
        assert_eq!(all(works, 4).await, (0..20).collect::<Vec<_>>());
        assert_eq!(most.get(), 4);
        let done_at_once = (0..20_u64).map(std::future::ready);
        assert_eq!(all(done_at_once, 4).await, (0..20).collect::<Vec<_>>());
        assert_eq!(
            all(std::iter::empty::<std::future::Ready<u8>>(), 4).await,
            [0_u8; 0]
        );
    }
}
