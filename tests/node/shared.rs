//! Many kubelets of one profile: what is read is read once for all of them, and no rotation is missed.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use telegraf_kubelet::client::Profile;
use telegraf_kubelet::kubelet::{Question, Scraper};
use test_kubelet::{Options, TestKubelet, TokenSpec};

use super::{replace, scrape, settings, target, token};

/// As far as it gets by itself: it has looked at its files then, and waits for the network.
async fn begin<F: Future>(scrape: &mut Pin<&mut F>) {
    let begun = poll_fn(|cx| Poll::Ready(scrape.as_mut().poll(cx).is_pending())).await;
    assert!(begun, "nobody can have answered yet");
}

/// One kubelet stands for many: whoever scrapes it does not know of the others that do.
#[tokio::test]
async fn one_look_at_the_files_does_for_all_who_ask_in_one_second() {
    let kubelet = TestKubelet::start(Options::default());
    let files = kubelet.files();
    let profile = Profile::new(Arc::new(settings(&kubelet, token(&files.token))));
    let scraper = || Scraper::new(Arc::clone(&profile), target(&kubelet), Question::default());
    let (mut first, mut second, mut third) = (scraper(), scraper(), scraper());
    let another = kubelet.token(&TokenSpec {
        account: "proxy".to_owned(),
        ..TokenSpec::default()
    });

    {
        tokio::time::pause();
        let mut first = pin!(scrape(&mut first));
        let mut second = pin!(scrape(&mut second));
        let mut third = pin!(scrape(&mut third));
        begin(&mut first).await;
        replace(&files.token, &another);
        begin(&mut second).await;
        tokio::time::advance(Duration::from_secs(1)).await;
        begin(&mut third).await;
        tokio::time::resume();
        let (first, second, third) = tokio::join!(first, second, third);
        for outcome in [first, second, third] {
            outcome.unwrap();
        }
    }
    let is_another = |seen: &test_kubelet::Seen| seen.user.as_deref().unwrap().ends_with(":proxy");
    let requests = kubelet.requests();
    assert_eq!(requests.iter().filter(|seen| is_another(seen)).count(), 1);

    // Nobody goes by one look twice, be it ever so young.
    scrape(&mut third).await.unwrap();
    let before = kubelet.token(&TokenSpec::default());
    replace(&files.token, &before);
    scrape(&mut third).await.unwrap();
    assert!(!is_another(kubelet.requests().last().unwrap()));
}
