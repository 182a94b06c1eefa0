//! One kubelet, tick after tick: scrape, render, write.
//!
//! Knows each step's neighbours and nothing of how any of them works. Whatever a tick brings, the next one is tried:
//! a 401 too, because a kubelet that cannot reach its API server answers just that.

mod clock;
mod lasting;
mod metadata;
mod one_of_many;
mod unknown;
mod voice;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use log::Level;

use clock::Clock;
use lasting::Lasting;
use metadata::{Beside, Told};
pub use one_of_many::{Nowhere, OneOfMany};
use voice::Voice;
use words::{Failure, LeftOut};

use crate::batch::Batch;
use crate::client::Left;
use crate::crowd::Topic;
use crate::date;
use crate::execd::{Broken, Output, Prompts, Ticks};
use crate::kubelet::{Answer, Cause, Reminders, Scraper, span};
use crate::lines::metadata::Gatherer;
use crate::lines::{OfNode, Rendered, Renderer, ScrapeReport};
use crate::pace::{Pace, Runner};
use crate::pool::{Pool, Room, Taken};

/// Lines have less than so many times the bytes of the answer that they come from, as a rule.
const LINES_PER_BODY: usize = 2;

/// How long a scrape may go on after the word to stop: less than the whole budget, which has to write its lines too.
const GIVE_UP_AFTER: Duration = Duration::from_secs(3);

/// What all collectors have in common.
pub struct Common {
    output: Output,
    pool: Pool,
    pace: Pace,
}

impl Common {
    /// For collectors that write to `output`, have `rooms` for answers, and are prompted at this interval if anybody knows.
    #[must_use]
    pub fn new(output: Output, rooms: usize, interval: Option<Duration>) -> Self {
        let pool = Pool::new(rooms);
        Self {
            output,
            pace: Pace::new(interval, pool.clone()),
            pool,
        }
    }

    /// A node that can not be asked.
    #[must_use]
    pub fn nowhere(&self, known: OneOfMany) -> Nowhere {
        Nowhere::new(known, self.output.clone())
    }
}

/// One kubelet and all that is kept for it from tick to tick, which is little: there may be thousands.
pub struct Collector {
    url: String,
    voice: Voice,
    scraper: Scraper,
    node: OfNode,
    /// No two are at work at once, for it waits for nothing.
    renderer: Arc<Mutex<Renderer>>,
    output: Output,
    pool: Pool,
    runner: Runner,
    said: Said,
    /// Where metadata of its pods is wanted.
    beside: Option<Beside>,
    /// Where it is one of a cluster's.
    one_of_many: Option<OneOfMany>,
}

/// What the log was told already.
#[derive(Debug, Default)]
struct Said {
    /// That the first answer came.
    first_answer: bool,
    /// Which kinds of values had to be left out.
    left_out: LeftOut,
    /// That the last answer had entries of one series.
    duplicates: bool,
    /// The first of these, where that is still to be told.
    first_duplicate: Option<String>,
    /// Since the last good tick failed.
    failing: Option<Lasting>,
    /// The result of the last tick, where that one failed.
    failed: Option<Cause>,
    /// Of keys that no type has.
    unknown: unknown::Told,
    /// How many pods the last good answer listed.
    pods: u64,
    /// That there are none any more.
    no_pods: bool,
    /// What runs out.
    reminders: Reminders,
}

impl Collector {
    /// A collector with what it shares with others. The log and `kubelet_scrape` call the kubelet by `url`.
    #[must_use]
    pub fn new(url: String, scraper: Scraper, renderer: Arc<Mutex<Renderer>>, common: &Common) -> Self {
        Self {
            voice: Voice::alone(&url),
            url,
            scraper,
            node: OfNode::default(),
            renderer,
            output: common.output.clone(),
            pool: common.pool.clone(),
            runner: common.pace.runner(),
            said: Said::default(),
            beside: None,
            one_of_many: None,
        }
    }

    /// One of a cluster's: its node's name is known, and lines of any other node are not its own.
    #[must_use]
    pub fn one_of_many(mut self, known: OneOfMany) -> Self {
        self.voice = Voice::of_node(&known.node, Some(&self.url), known.crowd.clone());
        if let Some(beside) = &mut self.beside {
            beside.speaks_as(&self.voice);
        }
        self.one_of_many = Some(known);
        self
    }

    /// With the metadata of its pods that `gatherer` takes of an answer, asked for at most once in each interval.
    #[must_use]
    pub fn with_metadata(mut self, gatherer: Arc<Gatherer>, interval: Duration, common: &Common) -> Self {
        self.beside = Some(Beside::new(
            self.voice.clone(),
            &self.scraper,
            common.pace.runner(),
            common.pool.clone(),
            gatherer,
            interval,
        ));
        self
    }

    /// What the kubelet is called: its node, where that is known before it is asked, else its URL.
    #[must_use]
    pub fn name(&self) -> &str {
        self.one_of_many.as_ref().map_or(&self.url, |known| &known.node)
    }

    /// Serves every tick until told to stop.
    ///
    /// # Errors
    /// Stdout is broken; `prompts` was told, so that everything else stops too.
    pub async fn run(mut self, prompts: Prompts, mut ticks: Ticks) -> Result<(), Broken> {
        // Between the start and the first tick there is time.
        self.ask_beside(tokio::time::Instant::now());
        while let Some(prompts_due) = ticks.next().await {
            if !self.is_due(&mut ticks).await {
                continue;
            }
            // In a box, for what a tick needs to remember is not kept between two.
            if let Err(broken) = Box::pin(self.tick(&mut ticks, prompts_due)).await {
                prompts.stdout_closed();
                return Err(broken);
            }
        }
        Ok(())
    }

    /// Waits for its part of the interval, where it has one. False if what is asked for in this interval is not ours.
    async fn is_due(&self, ticks: &mut Ticks) -> bool {
        match &self.one_of_many {
            Some(known) => known.is_due(ticks).await,
            None => true,
        }
    }

    /// The name of its node: as it was listed, else as it says.
    fn node_name(&self) -> &str {
        self.one_of_many
            .as_ref()
            .map_or(self.node.name(), |known| &known.node)
    }

    /// One tick: a batch with the summary's lines, and in any case the line about the scrape. It stands for so many
    /// prompts, and, where it is the last one, for those that came meanwhile.
    async fn tick(&mut self, ticks: &mut Ticks, mut prompts: u64) -> Result<(), Broken> {
        let (mut clock, mut room) = (Clock::default(), None);
        let began = tokio::time::Instant::now();
        if self.scraper.is_shared() {
            self.ask_beside(began);
        }
        let answer = self.scrape(ticks.clone(), &mut clock, &mut room).await;
        if matches!(answer, Err(Failure::GivenUp)) {
            prompts += ticks.rest();
        }
        let scrape = clock.stop();
        let at = date::nanoseconds(scrape.arrived);
        let beside = self.beside.as_mut();
        let told = beside.map_or_else(Told::default, |beside| beside.take_over(&mut self.node.metadata));
        let outcome = match (answer, &mut room) {
            (Ok(answer), Some(room)) => self.render(room, at).map(|rendered| (answer, rendered)),
            // An answer is in a room.
            (Ok(_), None) => Err(Failure::NoMemory),
            (Err(failure), _) => Err(failure),
        };
        self.tell(&outcome);
        // A failed tick has but one line.
        let mut one_line = Batch::default();
        let (bytes, batch) = match &mut room {
            Some(room) => (room.body.len(), &mut room.batch),
            None => (0, &mut one_line),
        };
        self.report(
            &outcome,
            (scrape.took, bytes),
            (at, told),
            prompts.saturating_sub(1),
            batch,
        );
        if let Some(known) = &self.one_of_many {
            known.tells(batch);
        }
        let (written, result) = self.output.write(std::mem::take(batch)).await;
        *batch = written;
        drop(room);
        self.ask_beside(began);
        result
    }

    fn ask_beside(&mut self, tick: tokio::time::Instant) {
        if let Some(beside) = &mut self.beside {
            beside.ask(tick);
        }
    }

    /// Asks when it is our turn, and takes a room when there is an answer to put into it: who waits in vain for a kubelet
    /// keeps nobody else from anything.
    async fn scrape(
        &mut self,
        mut ticks: Ticks,
        clock: &mut Clock,
        room: &mut Option<Taken>,
    ) -> Result<Answer, Failure> {
        let give_up = async {
            let told = ticks.stopped().await;
            tokio::time::sleep_until(told + GIVE_UP_AFTER).await;
        };
        let scrape = async {
            self.runner.turn().await;
            clock.start();
            let beginning = self.scraper.begin().await?;
            clock.pause();
            let room = room.insert(self.pool.room().await);
            clock.go_on();
            self.scraper.read(beginning, &mut room.body).await
        };
        tokio::select! {
            biased;
            () = give_up => Err(Failure::GivenUp),
            answer = scrape => answer.map_err(Failure::Scrape),
        }
    }

    /// Makes the lines of the answer, all at once: nobody else can want the renderer meanwhile.
    fn render(&mut self, room: &mut Room, at: i64) -> Result<Rendered, Failure> {
        if !room
            .batch
            .has_room(room.body.len().saturating_mul(LINES_PER_BODY))
        {
            return Err(Failure::NoMemory);
        }
        if let Some(known) = &self.one_of_many {
            self.node.listed = Some(Arc::clone(&known.listed.borrow()));
        }
        // Each body begins anew, whatever became of the one before.
        let mut shared = self.renderer.lock().unwrap_or_else(PoisonError::into_inner);
        shared.name_unknown(self.said.unknown.names());
        let rendered = shared
            .render_for(&mut self.node, &room.body, at, &mut room.batch)
            .map_err(Failure::Summary)?;
        if let Some(known) = &self.one_of_many
            && known.node != self.node.name()
        {
            // Its lines would be that node's, and its own kubelet has written them.
            room.batch.empty();
            return Err(Failure::OtherNode);
        }
        if rendered.duplicates > 0 && !self.said.duplicates {
            self.said.first_duplicate = shared.first_duplicate().map(str::to_owned);
        }
        self.said.unknown.came(shared.unknown());
        Ok(rendered)
    }

    /// What the log has to know of a tick: that it fails, or works again, and one line for ever about each kind of values left out.
    fn tell(&mut self, outcome: &Result<(Answer, Rendered), Failure>) {
        let rendered = match outcome {
            Err(failure) => return self.tell_failure(failure),
            Ok((_, rendered)) => rendered,
        };
        let node = self.scraper.redact(self.node.name());
        if let Some(cause) = self.said.failed.take() {
            let ticks = self.said.failing.take().map_or(0, |failing| failing.ticks());
            self.voice.takes_back(
                Topic::Fails(cause.word()),
                format_args!("node {node:?} answers again after {ticks} failed ticks"),
            );
        } else if !self.said.first_answer && !self.voice.is_of_crowd() {
            log::info!("{}: node {node:?} answers, {} lines", self.url, rendered.lines);
        }
        self.said.first_answer = true;
        self.tell_pods(rendered.pods);
        self.tell_left_out(rendered);
        self.tell_duplicates(rendered);
        self.tell_unknown(rendered);
    }

    /// Of many the same is told together; of one when it begins, in each other way that it fails, and once an hour.
    fn tell_failure(&mut self, failure: &Failure) {
        let cause = failure.cause();
        self.said.failed = Some(cause);
        if self.voice.is_of_crowd() {
            return self.voice.says(Level::Error, Topic::Fails(cause.word()), failure);
        }
        let now = tokio::time::Instant::now();
        let failing = self.said.failing.get_or_insert_with(|| Lasting::new(now));
        let why = failure.to_string();
        match failing.fails(&why, now) {
            Some(lasting::Told::Anew) => log::error!("{}: {why}", self.url),
            Some(lasting::Told::Still { ticks, lasts }) => log::error!(
                "{}: fails still, {ticks} ticks in the last hour, and since {}: {why}",
                self.url,
                span(i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX))
            ),
            None => {}
        }
    }

    /// A kubelet that lost sight of its containers answers as if there were none (kubernetes issues 33192 and 69658), and
    /// so does one whose last pod went: said when it changes.
    fn tell_pods(&mut self, pods: u64) {
        let before = std::mem::replace(&mut self.said.pods, pods);
        if pods == 0 && before > 0 {
            self.said.no_pods = true;
            self.voice.says(
                Level::Warn,
                Topic::NoPods,
                format_args!(
                    "the kubelet lists no pod any more, {before} at the last tick: if some run on its node, it lost sight of \
                     them, and a restart of the kubelet helps; said here once"
                ),
            );
        } else if pods > 0 && std::mem::take(&mut self.said.no_pods) {
            self.voice
                .takes_back(Topic::NoPods, format_args!("the kubelet lists {pods} pods again"));
        }
    }

    /// Of one all that is new together; of many each kind, for not all of them have the same.
    fn tell_left_out(&mut self, rendered: &Rendered) {
        let mut news = self.said.left_out.news(rendered);
        if !self.voice.is_of_crowd() && news.len() > 1 {
            let all: Vec<_> = news.iter().map(|(_, news)| news.as_str()).collect();
            news = vec![("", all.join(", "))];
        }
        for (kind, news) in news {
            self.voice.says(
                Level::Warn,
                Topic::LeftOut(kind),
                format_args!(
                    "left out {news}; counted in kubelet_scrape's fields_out_of_range at each tick, said here once"
                ),
            );
        }
    }

    /// One line when it begins that entries are put aside, and one when it ends.
    fn tell_duplicates(&mut self, rendered: &Rendered) {
        let count = rendered.duplicates;
        let first = self.said.first_duplicate.take();
        match (std::mem::replace(&mut self.said.duplicates, count > 0), count) {
            (false, 1..) => self.voice.says(
                Level::Warn,
                Topic::Twice,
                format_args!(
                    "the kubelet lists twice what is one series, {} first: {count} entries are put aside for those that live; \
                     counted in kubelet_scrape's duplicates at each tick, and explained by telegraf-kubelet check",
                    self.scraper.redact(first.as_deref().unwrap_or_default())
                ),
            ),
            (true, 0) => {
                let no_more = "the kubelet lists nothing twice any more";
                self.voice.takes_back(Topic::Twice, no_more);
            }
            _ => {}
        }
    }

    /// One line when keys come that no type has. When they go nothing is lost.
    fn tell_unknown(&mut self, rendered: &Rendered) {
        let Some(first) = self.said.unknown.news() else {
            return;
        };
        self.voice.says(
            Level::Info,
            Topic::Unknown,
            format_args!(
                "the kubelet has keys that this version does not know and does not write, {} first, {} in all: see whether a \
                 newer one does; telegraf-kubelet check names them, said here once",
                self.scraper.redact(first),
                rendered.unknown
            ),
        );
    }

    fn report(
        &mut self,
        outcome: &Result<(Answer, Rendered), Failure>,
        (took, bytes): (Duration, usize),
        (at, told): (i64, Told),
        ticks_merged: u64,
        batch: &mut Batch,
    ) {
        let (cause, status, rendered) = match outcome {
            Ok((answer, rendered)) => (Cause::Success, Some(answer.status), *rendered),
            Err(failure) => (failure.cause(), failure.status(), Rendered::default()),
        };
        let expiries = self.scraper.expiries();
        let seconds = |left: Option<Left>| left.map(|left| left.seconds);
        for reminder in self.said.reminders.due(&expiries, Instant::now()) {
            self.voice
                .says(Level::Warn, Topic::Expires(reminder.what.word()), reminder);
        }
        let report = ScrapeReport {
            url: &self.url,
            node_name: self.node_name(),
            result: cause.word(),
            result_code: cause.code(),
            response_seconds: Some(took.as_secs_f64()),
            response_bytes: Some(bytes as u64).filter(|&bytes| bytes > 0),
            status_code: status,
            lines: rendered.lines,
            fields_out_of_range: rendered.left_out(),
            duplicates: rendered.duplicates,
            ticks_merged,
            client_certificate_expires_in_seconds: seconds(expiries.client_certificate),
            serving_certificate_expires_in_seconds: seconds(expiries.serving_certificate),
            token_expires_in_seconds: seconds(expiries.token),
            metadata_result_code: told.cause.map(Cause::code),
            metadata_age_seconds: told.age.map(|age| age.as_secs()),
            metadata_pods: told.pods,
        };
        Renderer::push_report(&report, at, batch);
    }
}
