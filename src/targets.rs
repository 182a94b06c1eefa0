//! Who is scraped: kubelets that come and go while the program runs.
//!
//! Each has a task of its own, which serves its ticks by itself; what they share is here. Knows nothing of how a kubelet
//! is found, or asked.

use std::collections::HashMap;

use tokio::task::{AbortHandle, JoinSet};

use crate::collector::{Collector, Nowhere};
use crate::execd::{Broken, Prompts, Ticks};
use crate::open_files::{self, TooFew};

/// All that are scraped now.
pub struct Targets {
    prompts: Prompts,
    running: JoinSet<Result<(), Broken>>,
    /// How those ended that did, of which nobody was told yet.
    ended: Vec<Result<(), Broken>>,
    /// By what they are called: no kubelet is there twice.
    handles: HashMap<String, AbortHandle>,
    /// The log was told that there are more of them than connections may be open.
    told_of_files: bool,
}

/// Who serves ticks for somebody who is called something.
pub trait Serves {
    /// What that one is called.
    fn name(&self) -> &str;

    /// Serves every tick until told to stop, or until stdout is broken.
    fn serve(
        self,
        prompts: Prompts,
        ticks: Ticks,
    ) -> impl Future<Output = Result<(), Broken>> + Send + 'static;
}

impl Serves for Collector {
    fn name(&self) -> &str {
        self.name()
    }

    fn serve(
        self,
        prompts: Prompts,
        ticks: Ticks,
    ) -> impl Future<Output = Result<(), Broken>> + Send + 'static {
        self.run(prompts, ticks)
    }
}

impl Serves for Nowhere {
    fn name(&self) -> &str {
        self.name()
    }

    fn serve(
        self,
        prompts: Prompts,
        ticks: Ticks,
    ) -> impl Future<Output = Result<(), Broken>> + Send + 'static {
        self.run(prompts, ticks)
    }
}

/// Which prompts somebody who comes serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// All that came: there was nobody else whom they could be for.
    Start,
    /// Those that come.
    Now,
}

impl Targets {
    /// These, which serve what was asked before as well: a prompt may be there before we are.
    #[must_use]
    pub fn new(collectors: Vec<Collector>, prompts: Prompts) -> Self {
        let mut targets = Self {
            prompts,
            running: JoinSet::new(),
            ended: Vec::new(),
            handles: HashMap::new(),
            told_of_files: false,
        };
        for collector in collectors {
            targets.spawn(collector, targets.prompts.ticks());
        }
        targets.tell_of_files();
        targets
    }

    /// So many have come by now: said once if those are more than can have a connection.
    pub fn tell_of_files(&mut self) {
        let kubelets = self.handles.len();
        match open_files::too_few_for(kubelets) {
            Some(TooFew { allowed, needed }) if !self.told_of_files => {
                self.told_of_files = true;
                log::warn!(
                    "{kubelets} kubelets are to be asked, and the process may have {allowed} files open, of which each one's \
                     connection is one: some of them can not be asked; set {} to {needed} or more",
                    open_files::MEND
                );
            }
            _ => {}
        }
    }

    /// One more. One that is called the same is replaced.
    pub fn add(&mut self, one: impl Serves, from: From) {
        let mut ticks = self.prompts.ticks();
        if from == From::Now {
            // What was asked before was asked of others.
            ticks.rest();
        }
        self.remove(one.name());
        self.spawn(one, ticks);
    }

    fn spawn(&mut self, one: impl Serves, ticks: Ticks) {
        // What was removed before is let go.
        while let Some(ended) = self.running.try_join_next() {
            self.ended.extend(ended);
        }
        let name = one.name().to_owned();
        let handle = self.running.spawn(one.serve(self.prompts.clone(), ticks));
        self.handles.insert(name, handle);
    }

    /// One less, whatever it waits for: its connection is closed, and a batch that was handed over leaves whole. False if
    /// none is called so.
    pub fn remove(&mut self, name: &str) -> bool {
        let Some(handle) = self.handles.remove(name) else {
            return false;
        };
        handle.abort();
        true
    }

    /// Waits for the next one that ends, because it was told to or can not go on; `None` when none is left.
    pub async fn next_ended(&mut self) -> Option<Result<(), Broken>> {
        if let Some(ended) = self.ended.pop() {
            return Some(ended);
        }
        loop {
            // What was removed ends without a word.
            if let Ok(ended) = self.running.join_next().await? {
                return Some(ended);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use test_kubelet::{Options, TestKubelet};
    use tokio::net::UnixDatagram;
    use tokio::time::timeout;

    use super::*;
    use crate::collector::Common;
    use crate::config::{self, Args, Kubelet};
    use crate::execd::{Destination, Output};
    use crate::run::Makings;

    fn kubelet(test: &TestKubelet) -> Kubelet {
        let files = test.files();
        let block = format!(
            "[[inputs.kubelet]]\nurl = '{}'\nbearer_token = '{}'\ntls_ca = '{}'\n",
            test.url(),
            files.token.display(),
            files.ca.display()
        );
        let config = config::read(Path::new("test"), block.as_bytes(), &Args::default(), &|_| None);
        config.expect("a good configuration").kubelets.remove(0)
    }

    /// The URL of whose batch ends next, and how many prompts it is for beside its own.
    async fn ended(telegraf: &UnixDatagram) -> (String, String) {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let received = timeout(Duration::from_secs(20), telegraf.recv(&mut bytes)).await;
            let read = received.expect("a batch").expect("a datagram");
            let text = str::from_utf8(&bytes[..read]).expect("lines");
            let Some(line) = text.lines().find(|line| line.starts_with("kubelet_scrape")) else {
                continue;
            };
            let part = |after: &str| {
                let (_, rest) = line.split_once(after).expect(after);
                let end = rest.find([',', ' ']).expect("more");
                rest[..end].to_owned()
            };
            return (part(",url="), part(",ticks_merged="));
        }
    }

    #[tokio::test]
    async fn they_come_and_go() {
        let dir = tempfile::tempdir().expect("a directory");
        let socket = dir.path().join("telegraf.sock");
        let telegraf = UnixDatagram::bind(&socket).expect("a socket");
        let output = Output::open(&Destination::Socket {
            path: socket,
            buffer: 8 * 1024 * 1024,
        });
        let prompts = Prompts::new();
        let mut makings = Makings::new(Common::new(output.expect("a thread"), 1, None));
        let [first, second] = [(); 2].map(|()| TestKubelet::start(Options::default()));
        prompts.tick();
        let mut targets = Targets::new(vec![makings.collector(kubelet(&first))], prompts.clone());
        prompts.tick();
        assert_eq!(
            ended(&telegraf).await,
            (first.url(), "1i".to_owned()),
            "asked before it was there"
        );
        targets.add(makings.collector(kubelet(&second)), From::Now);
        prompts.tick();
        let mut both = [ended(&telegraf).await, ended(&telegraf).await];
        let mut want = [first.url(), second.url()].map(|url| (url, "0i".to_owned()));
        both.sort();
        want.sort();
        assert_eq!(both, want);
        assert!(targets.remove(&first.url()));
        assert!(!targets.remove(&first.url()));
        for _ in 0..2 {
            prompts.tick();
            assert_eq!(ended(&telegraf).await, (second.url(), "0i".to_owned()));
        }
        assert_eq!(first.requests().len(), 2);
        prompts.stdout_closed();
        assert!(matches!(targets.next_ended().await, Some(Ok(()))));
        assert!(targets.next_ended().await.is_none());
    }
}
