//! An API server that refuses, at once and always: it is asked again, and never at each turn.

use std::time::Duration;

use telegraf_kubelet::cluster::share::{Answer, Lease, Member, Moment, Step, Times};

/// What is refused, and how.
type Refuses = fn(&Step) -> Option<Answer>;

/// How many steps a member does in a minute of this API server, which answers in a millisecond and keeps what it does not
/// refuse.
fn steps_in_a_minute(refuses: Refuses) -> usize {
    let mut at = Duration::ZERO;
    let mut lives = 0;
    let new_id = Box::new(move || {
        lives += 1;
        format!("life-{lives}")
    });
    let times = Times::new(Duration::from_secs(15));
    let mut member = Member::new("member".to_owned(), times, Moment::new(at), new_id);
    let (mut stored, mut version, mut steps): (Vec<Lease>, u32, usize) = (Vec::new(), 0, 0);
    while at < Duration::from_secs(60) {
        let step = member.step(Moment::new(at));
        if let Step::Wait(until) = step {
            at = until.elapsed().max(at + Duration::from_millis(1));
            continue;
        }
        steps += 1;
        at += Duration::from_millis(1);
        let answer = refuses(&step).unwrap_or_else(|| {
            version += 1;
            match &step {
                Step::List => Answer::Listed(stored.clone()),
                Step::Create(lease) | Step::Update(lease) => {
                    stored.retain(|other| other.id != lease.id);
                    let (version, uid) = (version.to_string(), lease.id.clone());
                    stored.push(Lease {
                        version: version.clone(),
                        uid: uid.clone(),
                        ..lease.clone()
                    });
                    Answer::Stored { version, uid }
                }
                Step::Delete { id, .. } => {
                    stored.retain(|other| other.id != *id);
                    Answer::Removed
                }
                Step::Wait(_) | Step::Done => unreachable!("nothing is asked for these"),
            }
        });
        member.answered(Moment::new(at), answer);
    }
    steps
}

#[test]
fn who_is_refused_asks_seldom() {
    // All is well: a look and a renewal each 2.5 s.
    let usual = steps_in_a_minute(|_| None);
    assert!((40..=60).contains(&usual), "{usual}");
    let refusals: [(&str, Refuses); 7] = [
        ("no update", |step| {
            matches!(step, Step::Update(_)).then_some(Answer::Failed)
        }),
        ("another update first", |step| {
            matches!(step, Step::Update(_)).then_some(Answer::Conflict)
        }),
        ("no Lease any more", |step| {
            matches!(step, Step::Update(_)).then_some(Answer::Gone)
        }),
        ("no creation", |step| {
            matches!(step, Step::Create(_)).then_some(Answer::Failed)
        }),
        ("there already", |step| {
            matches!(step, Step::Create(_)).then_some(Answer::Conflict)
        }),
        ("no namespace", |step| {
            matches!(step, Step::Create(_)).then_some(Answer::Gone)
        }),
        ("nothing at all", |_| Some(Answer::Failed)),
    ];
    for (what, refuses) in refusals {
        let steps = steps_in_a_minute(refuses);
        // A few a second, by a member that has no node and so nothing else to do.
        assert!(steps <= 240, "{what}: {steps} in a minute");
    }
}
