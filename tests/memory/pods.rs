//! What `/pods` costs in memory, whatever is in it: the process as a whole, which goes on with the summary meanwhile.

use std::time::{Duration, Instant};

use test_kubelet::{Fault, Options, Right};

use super::support::plugin::PATIENCE;
use super::{BODY, MIB, SMALL, Stage, body, status};

/// As many as a kubelet has whose lines are told from the others.
const PODS: usize = 12;

/// All that can be asked for, as often as there is a tick.
const ALL: &str = "  metadata_interval = \"1ms\"\n  label_exclude = []\n  annotation_exclude = []\n  metadata = \
                   [\"image\", \"owner\", \"qos\", \"status\", \"resources\", \"utilization\"]\n";

/// What the largest answer may have that is taken.
const MOST: usize = 64 * MIB;

/// An answer of 64 MiB is not read at once where nothing is optimized.
const A_WHILE: Duration = Duration::from_secs(120);

const ITEMS: &str = r#"{"kind":"PodList","items":["#;

/// The beginning of one pod up to here.
fn one_pod(rest: &str) -> String {
    format!(r#"{ITEMS}{{"metadata":{{"name":"p","namespace":"n","uid":"u"{rest}"#)
}

/// One pod with a million of something.
fn one(size: usize) -> Vec<Vec<u8>> {
    let pairs = |at: usize| format!(r#""k{at}":"v""#);
    let named = |at: usize| format!(r#"{{"name":"c{at}"}}"#);
    let full = |at: usize| {
        format!(
            r#"{{"name":"c{at}","image":"i:{at}","resources":{{"limits":{{"cpu":"1","memory":"1Gi"}},"requests":{{"cpu":"{at}m"}}}}}}"#
        )
    };
    let status = |at: usize| {
        format!(
            r#"{{"name":"c{at}","ready":true,"restartCount":{at},"state":{{"waiting":{{"reason":"r{at}"}}}},"lastState":{{"terminated":{{"exitCode":1,"reason":"x"}}}}}}"#
        )
    };
    let spec = |list: &str| one_pod(&format!(r#"}},"spec":{{"{list}":["#));
    vec![
        body(size, &one_pod(r#","labels":{"#), pairs, "}}}]}"),
        body(size, &one_pod(r#","annotations":{"#), pairs, "}}}]}"),
        body(
            size,
            &one_pod(r#","labels":{"#),
            |_| r#""k":"v""#.to_owned(),
            "}}}]}",
        ),
        body(
            size,
            &one_pod(r#","ownerReferences":["#),
            |at| format!(r#"{{"kind":"K","name":"o{at}","controller":true}}"#),
            "]}}]}",
        ),
        body(
            size,
            &one_pod(r#"},"status":{"conditions":["#),
            |_| r#"{"type":"Ready","status":"True"}"#.to_owned(),
            "]}}]}",
        ),
        body(
            size,
            &one_pod(r#"},"status":{"containerStatuses":["#),
            status,
            "]}}]}",
        ),
        body(size, &spec("containers"), full, "]}}]}"),
        body(size, &spec("initContainers"), named, "]}}]}"),
        body(size, &spec("ephemeralContainers"), |_| "{}".to_owned(), "]}}]}"),
    ]
}

/// Pods by the hundred thousand.
fn many(size: usize) -> Vec<Vec<u8>> {
    let pod = |at: usize, rest: &str| {
        format!(r#"{{"metadata":{{"name":"p{at}","namespace":"n","uid":"u{at}"{rest}}}"#)
    };
    let long = "l".repeat(3000);
    vec![
        body(size, ITEMS, |at| pod(at, "}"), "]}"),
        body(
            size,
            ITEMS,
            |at| pod(at, r#"},"status":{"phase":"Pending"}"#),
            "]}",
        ),
        body(
            size,
            ITEMS,
            |at| pod(at % 40_000, r#"},"status":{"phase":"Pending"}"#),
            "]}",
        ),
        body(
            size,
            ITEMS,
            |at| {
                format!(
                    r#"{{"metadata":{{"name":"p","namespace":"n","uid":"u{at}"}},"status":{{"phase":"Failed"}}}}"#
                )
            },
            "]}",
        ),
        body(
            size,
            ITEMS,
            |at| pod(at, &format!(r#","labels":{{"l":"{long}"}}}}"#)),
            "]}",
        ),
        body(
            size,
            ITEMS,
            |at| {
                pod(
                    at,
                    r#"},"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"}]},"status":{"phase":"Running"}"#,
                )
            },
            "]}",
        ),
        body(size, ITEMS, |_| "{}".to_owned(), "]}"),
        body(size, ITEMS, |_| "null".to_owned(), "]}"),
        body(size, ITEMS, |_| "5".to_owned(), "]}"),
        body(size, "{", |_| r#""items":[]"#.to_owned(), "}"),
        body(size, "{", |at| format!(r#""k{at}":{{}}"#), r#","items":[]}"#),
    ]
}

/// Names, values and nesting without end.
fn long(size: usize) -> Vec<Vec<u8>> {
    let text = |begin: String, unit: &str, end: &str| {
        [
            begin.as_bytes(),
            &unit.as_bytes().repeat(size / unit.len()),
            end.as_bytes(),
        ]
        .concat()
    };
    vec![
        text(one_pod(r#","labels":{"l":""#), "v", r#""}}}]}"#),
        text(one_pod(r#","labels":{"l":""#), r"\u00e9", r#""}}}]}"#),
        text(one_pod(r#","labels":{""#), "k", r#"":"v"}}}]}"#),
        text(one_pod(r#","annotations":{"a":""#), r"\n", r#""}}}]}"#),
        text(
            one_pod(r#"},"spec":{"containers":[{"name":"a","image":""#),
            "i",
            r#""}]}}]}"#,
        ),
        text(one_pod(r#"},"spec":{"containers":[{"name":""#), "n", r#""}]}}]}"#),
        text(
            one_pod(r#"},"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":""#),
            "1",
            r#""}}}]}}]}"#,
        ),
        text(
            one_pod(r#"},"status":{"containerStatuses":[{"name":"a","restartCount":"#),
            "1",
            "}]}}]}",
        ),
        text(
            format!(r#"{ITEMS}{{"metadata":{{"uid":"u","namespace":"n","name":""#),
            "p",
            r#""}}]}"#,
        ),
        text(
            format!(r#"{ITEMS}{{"metadata":{{"namespace":"n","name":"p","uid":""#),
            "u",
            r#""}}]}"#,
        ),
        text(String::new(), "[", ""),
        text(ITEMS.to_owned(), "[", ""),
        text(ITEMS.to_owned(), r#"{"spec":"#, ""),
        text(one_pod(r#","managedFields":"#), r#"{"f":"#, ""),
        text(
            one_pod(r#"},"status":{"containerStatuses":[{"state":"#),
            r#"{"running":"#,
            "",
        ),
    ]
}

/// What is kept of one answer at the most.
const KEPT: usize = 16 * MIB;

impl Stage {
    fn asking() -> Self {
        let options = Options {
            pods: PODS,
            rights: vec![Right::Stats, Right::Pods],
            ..Options::default()
        };
        let mut stage = Self::with(options, ALL);
        stage.until_good();
        stage
    }

    /// One tick, in which no line of the summary is missing. Its last line, and how many bytes there were.
    fn whole_tick(&mut self) -> (String, usize) {
        self.plugin.tick();
        let mut batch = self.plugin.batch_within(PATIENCE);
        let of_summary = |line: &&String| {
            line.starts_with("kubernetes_pod_container,") && line.contains("cpu_usage_core_nanoseconds=")
        };
        assert_eq!(batch.iter().filter(of_summary).count(), PODS * 2);
        let bytes = batch.iter().map(|line| line.len() + 1).sum();
        let scrape = batch.pop().unwrap();
        assert!(scrape.contains(",result=success,"), "{scrape}");
        (scrape, bytes)
    }

    /// Ticks until this is so; the most bytes of lines until then.
    fn until(&mut self, what: &str, is_so: impl Fn(&Self, &str) -> bool) -> usize {
        let (end, mut most) = (Instant::now() + A_WHILE, 0);
        loop {
            let (scrape, bytes) = self.whole_tick();
            most = most.max(bytes);
            if is_so(self, &scrape) {
                return most;
            }
            assert!(Instant::now() < end, "waited in vain: {what}\n{scrape}");
        }
    }

    /// What was wrong is over.
    fn until_good(&mut self) {
        self.kubelet.set_pods_fault(None);
        self.kubelet.set_pods_body(None);
        let pods = format!(",metadata_pods={PODS}i");
        self.until("a good answer", |_, scrape| {
            scrape.contains(",metadata_result_code=0i,") && scrape.contains(&pods)
        });
    }

    /// Ticks until an answer was taken that began after this: the one of before may be on its way, and the next one is over
    /// when the one behind it begins. The most bytes of lines until then.
    fn until_answered(&mut self) -> usize {
        let asked = |stage: &Self| {
            let requests = stage.kubelet.requests();
            requests.iter().filter(|seen| seen.path == "/pods").count()
        };
        let before = asked(self);
        self.until("three questions more", |stage, _| asked(stage) >= before + 3)
    }

    fn until_learned(&mut self, pods: Vec<u8>) -> usize {
        self.kubelet.set_pods_body(Some(pods));
        self.until_answered()
    }
}

/// Rooms that nobody needs go back within that time.
const GOES_BACK: Duration = Duration::from_secs(150);

/// An answer costs what it is, once more where it lies in another room than the next one, what is `kept` of it, and 10 MiB.
/// What it took goes back, but for some holes, and for a minute that room.
fn assert_bounded(bodies: fn(usize) -> Vec<Vec<u8>>, kept: usize) {
    let mut stage = Stage::asking();
    for body in bodies(SMALL) {
        stage.until_learned(body);
    }
    let normal = |stage: &mut Stage| {
        for _ in 0..4 {
            stage.until_good();
        }
        stage.forget_peak();
        status(stage.plugin.pid(), "VmRSS")
    };
    let before = normal(&mut stage);
    let own = status(stage.plugin.pid(), "VmHWM");
    for body in bodies(BODY) {
        let (size, begin) = (body.len(), String::from_utf8_lossy(&body[..150]).into_owned());
        let made = stage.until_learned(body);
        let peak = status(stage.plugin.pid(), "VmHWM");
        assert!(
            peak <= own + 2 * size + made + kept + 10 * MIB,
            "{begin}: {peak} bytes for a body of {size} and lines of {made}, {own} before"
        );
        let bound = before + size + 6 * MIB;
        let since = Instant::now();
        let mut after = normal(&mut stage);
        // On a machine that is busy two rooms may have had it; the one that is not needed goes back within two minutes.
        while after > bound && since.elapsed() < GOES_BACK {
            after = normal(&mut stage);
        }
        assert!(after <= bound, "{begin}: {before} bytes before, {after} after");
    }
}

#[test]
fn one_pod_with_a_million_of_something() {
    assert_bounded(one, 0);
}

/// Known are the answer before, the one at hand, and what of the first is not in the second.
#[test]
fn pods_by_the_hundred_thousand() {
    assert_bounded(many, 3 * KEPT);
}

#[test]
fn texts_without_end() {
    assert_bounded(long, 0);
}

/// The largest that is taken, and one that never ends.
#[test]
fn answers_without_end() {
    let mut stage = Stage::asking();
    let own = status(stage.plugin.pid(), "VmHWM");
    let head = format!(r#"{ITEMS}{{"metadata":{{"name":"p","namespace":"n","uid":"u"}}}}],"x":["#);
    let largest = body(MOST - 100, &head, |_| "[1,2,3,4]".to_owned(), "]}");
    assert!(largest.len() <= MOST);
    let made = stage.until_learned(largest);
    let peak = status(stage.plugin.pid(), "VmHWM");
    assert!(
        peak <= own + 2 * MOST + made + 10 * MIB,
        "{peak} bytes, {own} before"
    );
    stage.until("one pod", |_, scrape| scrape.contains(",metadata_pods=1i"));
    stage.until_good();
    stage.kubelet.set_pods_fault(Some(Fault::Endless));
    stage.until_answered();
    stage.until("that it is too large", |_, scrape| {
        scrape.contains(",metadata_result_code=7i,")
    });
    let peak = status(stage.plugin.pid(), "VmHWM");
    assert!(
        peak <= own + 2 * MOST + made + 10 * MIB,
        "{peak} bytes, {own} before"
    );
    stage.until_good();
}
