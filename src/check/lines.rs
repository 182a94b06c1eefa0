//! The lines of the answer, read by a parser that is not ours.

use influxdb_line_protocol::parse_lines;

use super::finding::{Finding, Mend, Step};
use super::{Diagnosis, duplicates};
use crate::config::Kubelet;
use crate::lines::{Batch, Filter, Rendered, Renderer, Settings, Unusable, Volumes};
use crate::redact::Redacted;

/// Makes them, and tells what became of them; and the node's name.
///
/// # Errors
/// The body is no summary.
pub fn make(
    kubelet: &Kubelet,
    body: &[u8],
    now: i64,
    redact: impl Fn(&str) -> Redacted,
) -> Result<(Vec<Finding>, String), Unusable> {
    let mut renderer = Renderer::new(&kubelet.lines);
    let mut batch = Batch::default();
    let made = renderer.render(body, nanoseconds(now), &mut batch)?;
    let node = renderer.node_name().to_owned();
    if made.lines == 0 {
        return Ok((vec![nothing(kubelet, body, now)?], node));
    }
    let mut findings = vec![parsed(&batch, &made)];
    if made.rejected.count > 0 {
        findings.push(
            Finding::warning(
                Step::Lines,
                Diagnosis::ValuesRejected,
                format!(
                    "{} values are not of the API's type and were left out, the first at byte {}",
                    made.rejected.count,
                    made.rejected.first_at.unwrap_or_default()
                ),
            )
            .mend(not_of_a_kubelet()),
        );
    }
    if let Some(first) = renderer.first_duplicate() {
        findings.push(duplicates::tell(made.duplicates, &redact(first)));
    }
    Ok((findings, node))
}

/// Why no line is made: filters are blamed where there would be some without them, and only there.
fn nothing(kubelet: &Kubelet, body: &[u8], now: i64) -> Result<Finding, Unusable> {
    let warning = |diagnosis, said: String| Finding::warning(Step::Lines, diagnosis, said);
    let unfiltered = Settings {
        namespaces: Filter::default(),
        pods: Filter::default(),
        containers: Filter::default(),
        volumes: Volumes::All,
        fields: Filter::default(),
        ..Settings::clone(&kubelet.lines)
    };
    let mut batch = Batch::default();
    let all = Renderer::new(&unfiltered).render(body, nanoseconds(now), &mut batch)?;
    Ok(if all.lines > 0 {
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
    })
}

fn not_of_a_kubelet() -> Mend {
    Mend::say("see what answers there: a kubelet prints no such thing")
}

fn nanoseconds(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000)
}

fn parsed(batch: &Batch, rendered: &Rendered) -> Finding {
    let text: Vec<u8> = batch.runs().flatten().copied().collect();
    let text = String::from_utf8_lossy(&text);
    let (mut count, mut broken) = (0_u64, None);
    for (at, line) in (1..).zip(parse_lines(&text)) {
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
