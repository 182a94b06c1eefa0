//! One fault of a kubelet from before it begins until after its end, through the real program: what becomes of its lines, of
//! `kubelet_scrape`, of the log, of the kubelet beside it, of memory and descriptors, and of the tick after it.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use test_kubelet::{Conduct, Fault, Options, TestKubelet};

use super::process::{descriptors, peak, resident};
use super::support::plugin::{PATIENCE, Plugin, block, command};
use super::{Gauge, Harm};

/// How many are tried at the same time: most of them wait.
const AT_ONCE: usize = 12;

/// Ticks while it goes wrong; one where each has to be waited for, of which [`super::floods`] has many.
const TICKS: usize = 2;

/// What the program waits for an answer at most, where the fault is that none comes; and where there is one, which has to
/// come long before.
const LIMITS: [&str; 2] = ["3s", "40s"];

/// What a tick takes at most.
const DEADLINE: Duration = Duration::from_secs(15);

/// The largest answer that is taken.
const MOST: &str = "1MiB";

/// What a fault may take of memory, in kB: an answer of that size, the lines that could be made of it, and what a connection
/// may hold of what is no part of it, a piece of each of these for each of the two kubelets.
const MEMORY: u64 = 6 * 1024;

/// What may stay of it two ticks later, when what a large answer took has gone back: buffers that were used for the first time.
const STAYS: u64 = 5 * 1024;

/// A fault.
pub struct Row {
    /// What it is, for the failure.
    pub name: String,
    /// Over which protocol.
    pub http2: bool,
    /// What the kubelet does.
    pub fault: Fault,
    /// What has to come of it.
    pub becomes: Becomes,
}

/// The status of an answer.
#[derive(Debug, Clone, Copy)]
enum Status {
    /// This.
    Told(u16),
    /// There was no answer.
    NoAnswer,
    /// Chance decides whether there was one.
    Any,
}

/// What a tick has to come to.
#[derive(Debug, Clone, Copy)]
pub struct Becomes {
    /// The results that are right: more than one where chance decides.
    results: &'static [&'static str],
    /// The status that is told.
    status: Status,
    /// What the log says, among other things.
    words: &'static str,
}

impl Becomes {
    /// No answer, with this result and no status.
    pub const fn failed(result: &'static [&'static str], words: &'static str) -> Self {
        Self {
            results: result,
            status: Status::NoAnswer,
            words,
        }
    }

    /// An answer that is none.
    pub const fn bad_answer(status: u16, words: &'static str) -> Self {
        Self::answered("bad_answer", status, words)
    }

    /// An answer with this status, with a result of its own.
    pub const fn answered(result: &'static str, status: u16, words: &'static str) -> Self {
        Self {
            results: match result.as_bytes() {
                b"bad_answer" => &["bad_answer"],
                b"unauthorized" => &["unauthorized"],
                b"forbidden" => &["forbidden"],
                b"not_ready" => &["not_ready"],
                b"api_server_unreachable" => &["api_server_unreachable"],
                b"tls" => &["tls"],
                b"timeout" => &["timeout"],
                _ => panic!("no such result"),
            },
            status: Status::Told(status),
            words,
        }
    }

    /// No answer, with one of these results, and with a status or none.
    pub const fn either(results: &'static [&'static str]) -> Self {
        Self {
            results,
            status: Status::Any,
            words: "",
        }
    }

    /// Nothing: it does no harm.
    pub const fn good() -> Self {
        Self {
            results: &["success"],
            status: Status::Told(200),
            words: "",
        }
    }

    /// It never ends by itself.
    fn stalls(&self) -> bool {
        self.results.contains(&"timeout")
    }

    fn ticks(&self) -> usize {
        if self.stalls() { 1 } else { TICKS }
    }

    fn is_good(&self) -> bool {
        self.results == ["success"]
    }
}

/// The connection ends.
pub const CLOSED: Becomes = Becomes::failed(
    &["connection_failed"],
    "the connection ended before an answer came",
);

/// The deadline ends it before any status.
pub const STALLED: Becomes = Becomes::failed(&["timeout"], "in 3s");

/// The deadline ends it behind the headers.
pub const STALLED_LATER: Becomes = Becomes::answered("timeout", 200, "bytes of the answer came in 3s");

impl From<Harm> for Row {
    fn from(harm: Harm) -> Self {
        let (gauge, conduct) = (Gauge::default(), harm.conduct);
        Self {
            name: harm.name,
            http2: harm.http2,
            fault: Fault::OverTls(Conduct::new(move |wire| conduct(wire, gauge.clone()))),
            becomes: Becomes::either(harm.results),
        }
    }
}

/// Takes each of them through; all that fail are told.
pub fn all(rows: impl IntoIterator<Item = Row>) {
    let mut rows: Vec<_> = rows.into_iter().collect();
    // Those that take long begin first.
    rows.sort_by_key(|row| !row.becomes.stalls());
    let rows = Mutex::new(rows.into_iter());
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = rows.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(row) = next else { return };
                    if catch_unwind(AssertUnwindSafe(|| one(&row))).is_err() {
                        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                        failed.push(format!("{}, {:?}", row.name, row.becomes));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failed.is_empty(), "each with its own words above: {failed:#?}");
}

/// The program and two kubelets, of which one will not be well.
struct Stage<'r> {
    row: &'r Row,
    faulty: TestKubelet,
    healthy: TestKubelet,
    plugin: Plugin,
    _dir: tempfile::TempDir,
}

impl<'r> Stage<'r> {
    fn new(row: &'r Row) -> Self {
        let kubelet = || {
            TestKubelet::start(Options {
                pods: 2,
                containers: 1,
                http2: row.http2,
                ..Options::default()
            })
        };
        let (faulty, healthy) = (kubelet(), kubelet());
        let mut config = block(&faulty);
        let _ = writeln!(
            config,
            "  response_timeout = \"{}\"\n  max_response = \"{MOST}\"",
            LIMITS[usize::from(!row.becomes.stalls())]
        );
        config.push_str(&block(&healthy));
        let dir = tempfile::tempdir().unwrap();
        let plugin = Plugin::start(command(dir.path(), &config));
        Self {
            row,
            faulty,
            healthy,
            plugin,
            _dir: dir,
        }
    }

    /// The batch of one that will not be well, where the other one is.
    fn tick(&mut self) -> Vec<String> {
        let name = &self.row.name;
        self.plugin.tick();
        let batches = [0, 1].map(|_| self.plugin.batch_within(DEADLINE));
        let of = |kubelet: &TestKubelet| {
            let url = format!(",url={} ", kubelet.url());
            let own = batches
                .iter()
                .position(|batch| batch.last().unwrap().contains(&url));
            own.unwrap_or_else(|| panic!("{name}: {url} in {batches:#?}"))
        };
        let (faulty, healthy) = (of(&self.faulty), of(&self.healthy));
        assert_good(name, &batches[healthy]);
        if batches[faulty].last().unwrap().contains(",result=timeout,") && self.row.becomes.results.len() == 1
        {
            assert_eq!(healthy, 0, "{name}: the one that is well waited for the other");
        }
        batches[faulty].clone()
    }

    /// What is left when it stops: the log, where each of the two has what it should have.
    fn end(mut self) {
        let name = &self.row.name;
        self.plugin.close_stdin();
        let left = self.plugin.wait(PATIENCE);
        assert_eq!(left.status.code(), Some(0), "{name}: {left:#?}");
        assert!(left.stdout.is_empty(), "{name}: {left:#?}");
        let (of_faulty, others): (Vec<_>, Vec<_>) = left
            .stderr
            .iter()
            .partition(|line| line.contains(&self.faulty.url()));
        assert!(
            others.len() == 1 && others[0].starts_with("I! ") && others[0].contains(&self.healthy.url()),
            "{name}: {others:#?}"
        );
        let errors: Vec<_> = of_faulty.iter().filter(|line| line.starts_with("E! ")).collect();
        let told = if self.row.becomes.is_good() {
            0..=0
        } else {
            1..=self.row.becomes.ticks()
        };
        assert!(told.contains(&errors.len()), "{name}: {of_faulty:#?}");
        for error in &errors {
            assert!(
                error.contains(self.row.becomes.words)
                    && error.len() < 2048
                    && !error.contains(char::is_control),
                "{name}: {error}"
            );
        }
        // That it answers is told before all others, and, where it did not, behind them.
        let infos: Vec<_> = of_faulty.iter().map(|line| line.starts_with("I! ")).collect();
        let failed = infos.iter().filter(|info| !**info).count();
        assert!(
            infos[0] && infos[infos.len() - 1] && failed == errors.len() && infos.len() > failed.min(1),
            "{name}: {of_faulty:#?}"
        );
    }
}

/// Lines of all kinds, and the one about the scrape.
fn assert_good(name: &str, batch: &[String]) {
    let scrape = batch.last().unwrap();
    assert!(
        scrape.contains(",result=success,")
            && scrape.contains(&format!(",lines={}i,", batch.len() - 1))
            && scrape.contains(",fields_out_of_range=0i"),
        "{name}: {scrape}"
    );
    for measurement in [
        "kubernetes_node,",
        "kubernetes_pod_container,",
        "kubernetes_pod_volume,",
    ] {
        assert!(
            batch.iter().any(|line| line.starts_with(measurement)),
            "{name}: {batch:#?}"
        );
    }
}

/// One line, about the scrape, with the right result.
fn assert_failed(row: &Row, batch: &[String]) {
    let (name, becomes) = (&row.name, row.becomes);
    assert_eq!(batch.len(), 1, "{name}: {batch:#?}");
    let scrape = &batch[0];
    let result = becomes
        .results
        .iter()
        .any(|result| scrape.contains(&format!(",result={result},")));
    assert!(result && !scrape.contains(" result_code=0i"), "{name}: {scrape}");
    assert!(
        scrape.contains(",lines=0i,") && scrape.contains(",response_seconds="),
        "{name}: {scrape}"
    );
    match becomes.status {
        Status::Told(status) => assert!(
            scrape.contains(&format!(",status_code={status}i")),
            "{name}: {scrape}"
        ),
        Status::NoAnswer => assert!(!scrape.contains(",status_code="), "{name}: {scrape}"),
        Status::Any => {}
    }
}

fn one(row: &Row) {
    let name = &row.name;
    let mut stage = Stage::new(row);
    // The first one fills what is filled once, a second one shows what a tick needs.
    let lines = [0, 1].map(|_| {
        let batch = stage.tick();
        assert_good(name, &batch);
        batch.len()
    });
    let pid = stage.plugin.pid();
    let (open, most, usual) = (descriptors(pid), peak(pid), resident(pid));

    stage.faulty.set_fault(row.fault.clone());
    for _ in 0..row.becomes.ticks() {
        let batch = stage.tick();
        if row.becomes.is_good() {
            assert_good(name, &batch);
        } else {
            assert_failed(row, &batch);
        }
        assert!(
            descriptors(pid) <= open,
            "{name}: {} descriptors, {open} before",
            descriptors(pid)
        );
    }
    let took = peak(pid).saturating_sub(most);
    assert!(took <= MEMORY, "{name}: {took} kB more than before");

    stage.faulty.set_fault(Fault::None);
    for _ in 0..3 {
        let batch = stage.tick();
        assert_good(name, &batch);
        assert_eq!(batch.len(), lines[1], "{name}");
        assert_eq!(descriptors(pid), open, "{name}");
    }
    let stays = resident(pid).saturating_sub(usual);
    assert!(stays <= STAYS, "{name}: {stays} kB stay");
    stage.end();
}
