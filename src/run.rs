//! The life of the process: everything started, everything stopped in time.

mod fleet;
mod sharing;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::io::Errno;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};

use fleet::Fleet;
use sharing::Sharing;

use crate::client::{self, Anchors, Client, Profile, Scheme};
use crate::cluster::{Roster, Watch};
use crate::collector::{Collector, Common, Nowhere, OneOfMany};
use crate::config::{self, ApiServer, Args, Config, ConfigError, Ticking};
use crate::crowd::Crowd;
use crate::execd::{self, Attendant, Broken, Destination, Missing, Output, Prompts, STOP_BUDGET, Ticks};
use crate::kubelet::Scraper;
use crate::lines::metadata::Gatherer;
use crate::lines::{self, Renderer};
use crate::open_files;
use crate::system::Fault;
use crate::targets::Targets;

/// No prompt for so long, and none of our own, is a set-up in which nothing will ever happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why the program could not start, or go on.
#[derive(Debug)]
pub enum RunError {
    /// The configuration is wrong.
    Config(ConfigError),
    /// The system gives us no thread, no signal handler or no event loop.
    System(std::io::Error),
    /// Something is missing that Telegraf gives its child.
    Missing(Missing),
    /// Stdout cannot be written to, and not because its reader went away.
    Stdout(Broken),
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::System(error) => {
                let fault = Fault::new(error);
                write!(f, "the system refuses what every process needs: {fault}")?;
                if !fault.is_lack() {
                    f.write_str(
                        "; see the limits on threads, memory and open files (`ulimit -a` where it starts)",
                    )?;
                }
                Ok(())
            }
            Self::Missing(missing) => missing.fmt(f),
            Self::Stdout(broken) => broken.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}

impl From<ConfigError> for RunError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<std::io::Error> for RunError {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

/// Serves ticks until told to stop; everything is written, closed and lingered over when this returns.
///
/// # Errors
/// See [`RunError`]. Stdout's reader going away is none.
pub fn run(args: &Args, env: &dyn Fn(&str) -> Option<String>, attendant: &Attendant) -> Result<(), RunError> {
    has_memory()?;
    let config = config::load(args, env)?;
    log::set_max_level(config.log_level);
    match &config.output {
        Destination::Socket { .. } => execd::log::begin_with_times(),
        Destination::Stdout => all_there()?,
    }
    warn_of_risks(&config);
    warn_of_unverified(&config.clusters);
    open_files::raise();
    let output = Output::open(&config.output)?;
    match output {
        Output::Stdout(_) => attendant.heed_stdin()?,
        Output::Socket(_) => attendant.ignore_stdin(),
    }
    let prompts = attendant.prompts();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        let interval = match config.ticking {
            Ticking::Every(interval) => Some(interval),
            Ticking::Prompted => None,
        };
        let common = Common::new(output.clone(), config.max_concurrent, interval);
        let mut makings = Makings::new(common);
        let kubelets = config.kubelets.into_iter();
        let collectors = kubelets.map(|kubelet| makings.collector(kubelet)).collect();
        let mut targets = Targets::new(collectors, prompts.clone());
        if let Some(interval) = interval {
            prompts.are_own(interval);
        }
        tokio::spawn(keep_time(config.ticking, prompts.clone()));
        let discovery = Discovery::begin(config.clusters, config.sharing, prompts, &output)?;
        let crowd = Crowd::default();
        let sharing = match discovery {
            Some(Discovery { fleet, sharing }) => {
                let telling = tokio::spawn(crowd.clone().run());
                fleet
                    .run(&mut targets, &mut makings, &crowd, prompts.ticks())
                    .await;
                telling.abort();
                sharing
            }
            None => None,
        };
        finish(targets, sharing, prompts.ticks(), &output, &crowd).await
    });
    // A write that nobody reads must not keep us: the process ends without it.
    runtime.shutdown_background();
    outcome
}

/// What collectors are made of.
pub(crate) struct Makings {
    common: Common,
    profiles: Shared<client::Settings, Profile>,
    renderers: Shared<lines::Settings, Mutex<Renderer>>,
    gatherers: Shared<lines::Settings, Gatherer>,
}

impl Makings {
    /// With this in common.
    pub(crate) fn new(common: Common) -> Self {
        Self {
            common,
            profiles: Shared(Vec::new()),
            renderers: Shared(Vec::new()),
            gatherers: Shared(Vec::new()),
        }
    }

    /// One for a node that can not be asked.
    pub(crate) fn nowhere(&self, known: OneOfMany) -> Nowhere {
        self.common.nowhere(known)
    }

    /// One for this kubelet.
    pub(crate) fn collector(&mut self, kubelet: config::Kubelet) -> Collector {
        let config::Kubelet {
            target,
            client,
            question,
            metadata,
            lines,
        } = kubelet;
        let profile = self.profiles.of(&client, || Profile::new(Arc::clone(&client)));
        let renderer = || Arc::new(Mutex::new(Renderer::new(&lines)));
        let renderer = self.renderers.of(&lines, renderer);
        let url = target.url.to_string();
        let scraper = Scraper::new(profile, target, question);
        let collector = Collector::new(url, scraper, renderer, &self.common);
        let Some(interval) = metadata else {
            return collector;
        };
        let gatherer = || Arc::new(Gatherer::new(&lines));
        let gatherer = self.gatherers.of(&lines, gatherer);
        collector.with_metadata(gatherer, interval, &self.common)
    }
}

/// One of a kind for all kubelets of which the configuration says the same.
struct Shared<S, T>(Vec<(Arc<S>, Arc<T>)>);

impl<S, T> Shared<S, T> {
    fn of(&mut self, settings: &Arc<S>, make: impl FnOnce() -> Arc<T>) -> Arc<T> {
        let known = self.0.iter().find(|(of, _)| Arc::ptr_eq(of, settings));
        if let Some((_, shared)) = known {
            return Arc::clone(shared);
        }
        let shared = make();
        self.0.push((Arc::clone(settings), Arc::clone(&shared)));
        shared
    }
}

/// What a small node takes. Where address space is limited to less, it is better said now than by an abort later.
fn has_memory() -> Result<(), RunError> {
    const LEAST: usize = 4 * 1024 * 1024;
    let mut taken = Vec::<u8>::new();
    let outcome = taken.try_reserve_exact(LEAST);
    // Or the compiler leaves out what nobody uses.
    std::hint::black_box(&taken);
    outcome.map_err(|_| RunError::System(Errno::NOMEM.into()))
}

/// What Telegraf gives its child.
fn all_there() -> Result<(), RunError> {
    match execd::missing() {
        Some(missing) => Err(RunError::Missing(missing)),
        None => Ok(()),
    }
}

/// What a user may do, and should know.
fn warn_of_risks(config: &Config) {
    for kubelet in &config.kubelets {
        let url = &kubelet.target.url;
        if url.scheme == Scheme::Http {
            log::warn!(
                "{url}: the read-only port is deprecated and shows the node's metrics to anyone who can reach it: use \
                 https and port 10250 with a ServiceAccount, and set readOnlyPort: 0 in the kubelet's configuration"
            );
        } else if kubelet.client.trust.anchors == Anchors::Unverified {
            log::warn!(
                "{url}: insecure_skip_verify is set: whoever can answer at that address is believed; name the \
                 kubelet's CA in tls_ca instead"
            );
        }
    }
}

/// The same of those that stand for all nodes.
fn warn_of_unverified(clusters: &[config::Cluster]) {
    for cluster in clusters {
        if cluster.client.trust.anchors == Anchors::Unverified {
            log::warn!(
                "nodes of {}: insecure_skip_verify is set: whoever can answer at a node's address is believed, and gets the \
                 token; name the kubelets' CA in tls_ca instead",
                cluster.api_server.target.url
            );
        }
    }
}

/// What stands behind blocks with `discover`.
struct Discovery {
    fleet: Fleet,
    sharing: Option<Sharing>,
}

impl Discovery {
    /// Begins to watch nodes, and to share them; `None` where nothing is discovered.
    fn begin(
        clusters: Vec<config::Cluster>,
        sharing: Option<config::Sharing>,
        prompts: &Prompts,
        output: &Output,
    ) -> Result<Option<Self>, RunError> {
        let Some(first) = clusters.first() else {
            return Ok(None);
        };
        let member = sharing::member_name();
        let api_server = first.api_server.clone();
        let begin = |settings| Sharing::begin(&settings, api_server, member.clone(), prompts.ticks());
        let sharing = sharing.map(begin);
        let sharing = sharing.transpose()?;
        let blocks = clusters.into_iter().map(|cluster| {
            let roster = Roster::new();
            let ApiServer { target, client } = cluster.api_server.clone();
            let client = Client::new(Profile::new(client), target);
            let watch = Watch::new(
                client,
                &cluster.selector,
                cluster.wanted.clone(),
                roster.clone(),
                sharing::seed(),
            );
            tokio::spawn(watch.run());
            fleet::Block { cluster, roster }
        });
        let fleet = Fleet::new(blocks.collect(), sharing.as_ref().map(Sharing::shares));
        tokio::spawn(fleet.teller(member).run(prompts.ticks(), output.clone()));
        Ok(Some(Self { fleet, sharing }))
    }
}

/// Waits for the word to stop, and then as long as the budget allows for what is under way.
async fn finish(
    mut targets: Targets,
    sharing: Option<Sharing>,
    mut ticks: Ticks,
    output: &Output,
    crowd: &Crowd,
) -> Result<(), RunError> {
    let told = ticks.stopped().await;
    let deadline = told + STOP_BUDGET;
    let mut outcome = Ok(());
    while let Ok(Some(ended)) = timeout_at(deadline, targets.next_ended()).await {
        match ended {
            Err(broken) if !broken.is_reader_gone() => outcome = Err(RunError::Stdout(broken)),
            _ => {}
        }
        if ticks.is_stdout_closed() {
            return outcome;
        }
    }
    crowd.end();
    if let Some(sharing) = sharing {
        // Last of all, for what has left by now is ours.
        sharing.leave(deadline).await;
    }
    output.close(deadline.into_std());
    outcome
}

/// Ticks by itself if told to; otherwise says once that nobody ever did.
async fn keep_time(ticking: Ticking, prompts: Prompts) {
    match ticking {
        Ticking::Every(period) => {
            let mut clock = interval_at(Instant::now() + period, period);
            clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                clock.tick().await;
                prompts.tick();
            }
        }
        Ticking::Prompted => {
            if timeout(PATIENCE, prompts.ticks().next()).await.is_err() {
                log::warn!(
                    "no prompt came in {} s: set signal = \"STDIN\" in the [[inputs.execd]] block of telegraf.conf, \
                     or, with signal = \"none\", start telegraf-kubelet with -poll_interval 10s",
                    PATIENCE.as_secs()
                );
            }
        }
    }
}
