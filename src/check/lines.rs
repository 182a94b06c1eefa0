//! The lines of the answer, read by a parser that is not ours.

use std::sync::Arc;

use influxdb_line_protocol::parse_lines;

use super::finding::{Finding, Mend, Step};
use super::{Diagnosis, duplicates, text, version};
use crate::config::Kubelet;
use crate::json::{Rejected, Unknown};
use crate::lines::metadata::Known;
use crate::lines::{Batch, OfNode, Rendered, Renderer, Settings, Unusable};
use crate::redact::Redacted;

/// So many of the keys that no type has are named: more of them help nobody.
const NAMED: usize = 32;

/// What came of an answer.
pub struct Made {
    /// What there is to say of its lines.
    pub findings: Vec<Finding>,
    /// The node's name.
    pub node: String,
    /// What a tick counts.
    pub counted: Rendered,
    /// The keys that no type has.
    pub unknown: Unknown,
    /// The newest minor version of Kubernetes that anything came with, be it written or not.
    pub newest: Option<u32>,
}

/// Makes the lines, as a tick does that knows this of `/pods`, and tells what became of them.
///
/// # Errors
/// The body is no summary.
pub fn make(
    kubelet: &Kubelet,
    body: &[u8],
    known: Option<Arc<Known>>,
    now: i64,
    redact: impl Fn(&str) -> Redacted,
) -> Result<Made, Unusable> {
    let at = nanoseconds(now);
    let mut node = OfNode::default();
    if let Some(known) = known {
        node.metadata.learn(known);
    }
    let mut renderer = Renderer::new(&kubelet.lines);
    renderer.name_unknown(NAMED);
    let mut batch = Batch::default();
    let counted = renderer.render_for(&mut node, body, at, &mut batch)?;
    let findings = found(&counted, &batch, renderer.first_duplicate().map(redact));

    // All that there is, whatever is wanted of it. It may be too much where that is not.
    let all = Renderer::new(&Settings::default()).render(body, at, &mut batch);
    let newest = version::newest(&text::of(&batch));
    Ok(Made {
        findings: if counted.lines == 0 {
            vec![nothing(&all?)]
        } else {
            findings
        },
        node: node.name().to_owned(),
        counted,
        unknown: renderer.unknown().clone(),
        newest,
    })
}

/// Of a second since 1970, for a line.
pub fn nanoseconds(now: i64) -> i64 {
    now.saturating_mul(1_000_000_000)
}

fn found(made: &Rendered, batch: &Batch, first_duplicate: Option<Redacted>) -> Vec<Finding> {
    let mut findings = vec![parsed(&text::of(batch), made)];
    findings.extend(rejected(Step::Lines, "values", made.rejected));
    if let Some(first) = first_duplicate {
        findings.push(duplicates::tell(made.duplicates, &first));
    }
    findings
}

/// That values of an answer are none; `what` says which.
pub fn rejected(step: Step, what: &str, rejected: Rejected) -> Option<Finding> {
    let said = format!(
        "{} {what} are not of the API's type and were left out, the first at byte {}",
        rejected.count,
        rejected.first_at.unwrap_or_default()
    );
    (rejected.count > 0)
        .then(|| Finding::warning(step, Diagnosis::ValuesRejected, said).mend(not_of_a_kubelet()))
}

/// Why no line is made: filters are blamed where there would be some without them, and only there.
fn nothing(all: &Rendered) -> Finding {
    let warning = |diagnosis, said: String| Finding::warning(Step::Lines, diagnosis, said);
    if all.lines > 0 {
        warning(
            Diagnosis::NoLines,
            format!("no line is made: the filters let none of {} through", all.lines),
        )
        .mend(Mend::say(
            "correct the options that end in _include and _exclude, and volume",
        ))
    } else if all.rejected.count + all.out_of_range > 0 {
        warning(
            Diagnosis::AllRejected,
            format!(
                "no line is made: of all values, {} are not of the API's type and {} are more than an integer field holds",
                all.rejected.count, all.out_of_range
            ),
        )
        .mend(not_of_a_kubelet())
    } else {
        warning(
            Diagnosis::NoValues,
            "no line is made: the summary holds no value, of the node or of any pod".to_owned(),
        )
        .mend(Mend::run(
            "on the node, see why the kubelet knows nothing of it (k3s and RKE2 log as k3s and rke2-agent)",
            "journalctl -u kubelet --since -10min | grep -iE 'stats|cadvisor'",
        ))
        .mend(not_of_a_kubelet())
    }
}

fn not_of_a_kubelet() -> Mend {
    Mend::say("see what answers there: a kubelet prints no such thing")
}

fn parsed(lines: &str, rendered: &Rendered) -> Finding {
    let (mut count, mut broken) = (0_u64, None);
    for (at, line) in (1..).zip(parse_lines(lines)) {
        match line {
            Ok(line) if line.timestamp.is_some() => count += 1,
            Ok(_) => broken = Some(format!("line {at} has no timestamp")),
            // The parser's own words would quote what the kubelet says.
            Err(_) => broken = Some(format!("line {at} is no line protocol")),
        }
    }
    if broken.is_some() || count != rendered.lines {
        let why = broken.unwrap_or_else(|| format!("{count} of {} lines", rendered.lines));
        return Finding::failure(
            Step::Lines,
            Diagnosis::LinesBroken,
            format!("the lines do not parse: {why}"),
        )
        .mend(Mend::say("this is a bug in telegraf-kubelet: please report it"));
    }
    let left_out = match rendered.out_of_range {
        0 => String::new(),
        values => format!("; {values} values that wrapped below zero in the kubelet are left out"),
    };
    Finding::ok(Step::Lines, format!("{count} lines, all parse{left_out}"))
}
