//! Findings as people and as machines read them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::finding::{Finding, Level, Mend, Step};
use super::series::{Series, Size};
use super::text;
use crate::printable::printable;

/// What became of one kubelet's way.
#[derive(Debug)]
pub struct Walked {
    /// Its base URL; `None` where the configuration does not say.
    pub url: Option<String>,
    /// Whether `/pods` belongs to the way.
    pub asks_pods: bool,
    /// What was found, in the order of the steps.
    pub findings: Vec<Finding>,
    /// How many series there are, where it went so far.
    pub series: Option<Series>,
}

impl Walked {
    /// The worst of it.
    #[must_use]
    pub fn level(&self) -> Level {
        let levels = self.findings.iter().map(|finding| finding.level);
        levels.max().unwrap_or(Level::Ok)
    }

    /// The steps that nothing was found at, because an earlier one failed.
    fn not_reached(&self) -> Vec<Step> {
        if self.level() < Level::Failure {
            return Vec::new();
        }
        let reached = |step: &Step| self.findings.iter().any(|finding| finding.step == *step);
        Step::OF_KUBELET
            .into_iter()
            .filter(|step| *step != Step::Pods || self.asks_pods)
            .filter(|step| !reached(step))
            .collect()
    }
}

/// The worst of all.
#[must_use]
pub fn worst(walked: &[Walked], output: Option<&Finding>) -> Level {
    let levels = walked.iter().map(Walked::level);
    let levels = levels.chain(output.map(|finding| finding.level));
    levels.max().unwrap_or(Level::Ok)
}

/// Terminal colours, or none.
#[derive(Debug, Clone, Copy)]
pub struct Colour(pub bool);

impl Colour {
    fn of(self, level: Level) -> (&'static str, &'static str) {
        match (self.0, level) {
            (false, _) => ("", ""),
            (true, Level::Ok) => ("\x1b[32m", "\x1b[0m"),
            (true, Level::Warning) => ("\x1b[33m", "\x1b[0m"),
            (true, Level::Failure) => ("\x1b[31m", "\x1b[0m"),
        }
    }
}

/// For people.
#[must_use]
pub fn text(walked: &[Walked], output: Option<&Finding>, colour: Colour) -> String {
    let mut out = String::new();
    for way in walked {
        out.push_str(way.url.as_deref().unwrap_or("configuration"));
        out.push('\n');
        for finding in &way.findings {
            push_finding(&mut out, finding, colour);
        }
        let not_reached = words(&way.not_reached());
        if !not_reached.is_empty() {
            push(
                &mut out,
                format_args!("  not reached: {}\n", not_reached.join(", ")),
            );
        }
        out.push('\n');
    }
    if let Some(finding) = output {
        out.push_str("all of them\n");
        push_finding(&mut out, finding, colour);
        out.push('\n');
    }
    let count = |level| {
        let findings = walked.iter().flat_map(|way| &way.findings).chain(output);
        findings.filter(|finding| finding.level == level).count()
    };
    push(
        &mut out,
        format_args!(
            "ok: {}, warnings: {}, failures: {}\n",
            count(Level::Ok),
            count(Level::Warning),
            count(Level::Failure)
        ),
    );
    out
}

fn push_finding(out: &mut String, finding: &Finding, colour: Colour) {
    let (on, off) = colour.of(finding.level);
    let (level, step) = (finding.level, finding.step);
    push(
        out,
        format_args!("  {on}{level:<7}{off}  {step:<14}  {}", printable(&finding.said)),
    );
    if let Some(diagnosis) = finding.diagnosis {
        push(out, format_args!(" [{}]", diagnosis.word()));
    }
    out.push('\n');
    for Mend { how, piece } in &finding.mends {
        push(out, format_args!("           -> {}\n", printable(how)));
        let text = piece.as_ref().map_or("", |piece| piece.parts().1);
        for line in text.lines() {
            push(out, format_args!("              {}\n", printable(line)));
        }
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string never fails.
    let _ = out.write_fmt(text);
}

/// For machines: one object.
#[must_use]
pub fn json(walked: &[Walked], output: Option<&Finding>) -> String {
    let kubelets: Vec<_> = walked
        .iter()
        .map(|way| {
            json!({
                "url": way.url,
                "result": way.level().to_string(),
                "findings": way.findings.iter().map(json_of).collect::<Vec<_>>(),
                "not_reached": words(&way.not_reached()),
                "series": way.series.as_ref().map(json_of_series),
            })
        })
        .collect();
    let whole = json!({
        "result": worst(walked, output).to_string(),
        "kubelets": kubelets,
        "output": output.map(json_of),
    });
    text::json(&format!("{whole:#}\n"))
}

fn json_of(finding: &Finding) -> Value {
    let mends: Vec<_> = finding
        .mends
        .iter()
        .map(|mend| {
            let mut value = json!({"how": mend.how});
            if let Some((kind, text)) = mend.piece.as_ref().map(super::finding::Piece::parts) {
                value[kind] = json!(text);
            }
            value
        })
        .collect();
    json!({
        "step": finding.step.to_string(),
        "result": finding.level.to_string(),
        "diagnosis": finding.diagnosis.map(super::Diagnosis::word),
        "said": finding.said,
        "mends": mends,
    })
}

fn json_of_series(series: &Series) -> Value {
    let json_of_size = |size: &Size| json!({"count": size.series, "bytes": size.bytes});
    let without = series.without.iter();
    let without: serde_json::Map<_, _> = without
        .map(|(option, size)| ((*option).to_owned(), json_of_size(size)))
        .collect();
    let mut value = json_of_size(&series.all);
    value["of_pods_alone"] = json!(series.of_pods_alone);
    value["without"] = Value::Object(without);
    value
}

fn words(steps: &[Step]) -> Vec<String> {
    steps.iter().map(Step::to_string).collect()
}
