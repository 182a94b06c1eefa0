//! Hears of nodes: lists them, watches them, and writes into the roster what it hears, for as long as the program runs.
//!
//! What is asked next is [`Course`]'s decision, what an answer says [`super::node`]'s; here it is done, and told. Of an answer
//! nothing is held but the page or the event that is being read. What fails changes nothing in the roster but how it stands:
//! the nodes that were heard of last stay.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::asks::Asks;
use super::course::{Ask, Course, Rest};
use super::error::DiscoveryError;
use super::node::{Event, Wanted, read_event};
use super::pages::page;
use super::roster::{Relist, Roster};
use super::selector::Selector;
use super::split::{Line, Lines};
use super::telling::Telling;
use crate::client::{Client, Exchange, Failure, Following};

/// A watch of which nothing comes for so long is one with nobody at its other end: an API server says once a minute that
/// nothing happened (`storage/cacher`, bookmarks).
const IDLE: Duration = Duration::from_secs(150);

/// Longer than any event: etcd takes no object of more than 1.5 MB.
const LONGEST_EVENT: usize = 4 * 1024 * 1024;

/// One who hears of nodes.
pub struct Watch {
    client: Client,
    asks: Asks,
    wanted: Wanted,
    roster: Roster,
    course: Course,
    /// The list that is being read.
    relist: Option<Relist>,
    telling: Telling,
    idle: Duration,
}

/// What came of one line of a watch.
enum Came {
    /// It goes on.
    More,
    /// It is over.
    End(DiscoveryError),
}

impl Watch {
    /// Asks the API server behind `client` for the nodes that are selected and wanted, and writes them into `roster`. Those who
    /// have other seeds ask at other times.
    #[must_use]
    pub fn new(client: Client, selector: &Selector, wanted: Wanted, roster: Roster, seed: u64) -> Self {
        Self {
            telling: Telling::new(client.url().to_string(), selector, &wanted),
            client,
            asks: Asks::new(selector),
            wanted,
            roster,
            course: Course::new(seed),
            relist: None,
            idle: IDLE,
        }
    }

    /// Gives a watch up when nothing comes for so long.
    #[must_use]
    pub fn with_idle(self, idle: Duration) -> Self {
        Self { idle, ..self }
    }

    /// Until it is dropped.
    pub async fn run(mut self) -> Infallible {
        loop {
            let rest = self.step().await;
            sleep(rest.wait).await;
        }
    }

    async fn step(&mut self) -> Rest {
        let outcome = match self.course.ask() {
            Ask::List { next, limit } => self.list(next, limit).await,
            Ask::Watch { version, lasts } => self.watch(&version, lasts).await,
        };
        match outcome {
            Ok(rest) => rest,
            Err(error) => {
                let rest = self.course.failed(&error);
                if rest.is_trouble {
                    self.fails(error);
                }
                rest
            }
        }
    }

    /// Asks for a page.
    async fn list(&mut self, next: Option<String>, limit: u32) -> Result<Rest, DiscoveryError> {
        if next.is_none() {
            self.relist = None;
        }
        let relist = self.relist.get_or_insert_with(|| self.roster.relist());
        let part = (next.as_deref(), limit);
        // One that is none begins the list anew.
        let page = page(&mut self.client, &self.asks, &self.wanted, part, relist).await?;
        self.telling.leaves_out(page.odd);
        if self.course.page(page.resource_version, page.next)
            && let Some(relist) = self.relist.take()
        {
            relist.finish();
        }
        Ok(Rest {
            wait: Duration::ZERO,
            is_trouble: false,
        })
    }

    /// Begins a watch, and follows it to its end.
    async fn watch(&mut self, version: &str, lasts: Duration) -> Result<Rest, DiscoveryError> {
        let beginning = self.client.begin(self.asks.watch(version, lasts)).await;
        let beginning = beginning.map_err(|failure| self.meaning(failure))?;
        let began = Instant::now();
        if self.course.is_sound() {
            self.works();
        }
        let mut following = beginning.follow();
        let rest = match self.follow(&mut following).await {
            Ok(()) | Err(Ended::Failure(Failure::BrokeOff(Exchange::Ended(_)))) => {
                self.course.ended(began.elapsed())
            }
            Err(Ended::Failure(Failure::Timeout { .. })) => self.course.silent(),
            Err(Ended::Failure(failure)) => return Err(self.meaning(failure)),
            Err(Ended::Error(error)) => return Err(error),
        };
        if rest.is_trouble {
            self.fails(DiscoveryError::NoWatch);
        }
        Ok(rest)
    }

    async fn follow(&mut self, following: &mut Following) -> Result<(), Ended> {
        let mut lines = Lines::new(LONGEST_EVENT);
        while let Some(piece) = following.next(self.idle).await.map_err(Ended::Failure)? {
            let mut came = Came::More;
            lines.feed(&piece, |line| {
                if matches!(came, Came::More) {
                    came = self.hear(&line);
                }
            });
            if let Came::End(error) = came {
                return Err(Ended::Error(error));
            }
        }
        Ok(())
    }

    /// Takes one line of a watch.
    fn hear(&mut self, line: &Line<'_>) -> Came {
        let Line::Whole(line) = line else {
            return Came::End(DiscoveryError::LongEvent(LONGEST_EVENT));
        };
        let (event, version) = match read_event(line, &self.wanted) {
            Ok(read) => read,
            Err(malformed) => return Came::End(DiscoveryError::NotNodes(malformed)),
        };
        match event {
            Event::Put(node) => self.roster.put(node),
            Event::Gone(name) => self.roster.gone(&name),
            Event::LeftOut(name) => self.telling.leaves_out(name.is_empty().into()),
            Event::Bookmark => {}
            Event::Error { code, reason } => {
                return Came::End(DiscoveryError::of_event(code, reason));
            }
        }
        self.course.told(version);
        self.works();
        Came::More
    }

    fn works(&mut self) {
        self.roster.heard();
        self.telling.works(|| self.roster.standing().nodes);
    }

    fn fails(&mut self, error: DiscoveryError) {
        self.roster.failed(error.cause().code().into());
        self.telling.fails(error, self.roster.standing().age.is_some());
    }

    fn meaning(&self, failure: Failure) -> DiscoveryError {
        DiscoveryError::of(failure, self.client.shown())
    }
}

/// Why a watch does not go on.
enum Ended {
    Failure(Failure),
    Error(DiscoveryError),
}
