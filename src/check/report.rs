//! Findings as people and as machines read them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::finding::{Finding, Level, Mend, Step};
use super::nodes::Told;
use super::series::{Series, Size};
use super::text;
use crate::printable::printable;

/// What became of one kubelet's way.
#[derive(Debug)]
pub struct Walked {
    /// Its base URL; `None` where the configuration does not say.
    pub url: Option<String>,
    /// The node that it was discovered as, if it was.
    pub node: Option<String>,
    /// Whether `/pods` belongs to the way.
    pub asks_pods: bool,
    /// What was found, in the order of the steps.
    pub findings: Vec<Finding>,
    /// How many series there are, where it went so far.
    pub series: Option<Series>,
}

impl Walked {
    fn not_reached(&self) -> Vec<Step> {
        let steps = Step::OF_KUBELET.into_iter();
        not_reached(
            &self.findings,
            steps.filter(|step| *step != Step::Pods || self.asks_pods),
        )
    }
}

/// What became of the way to the nodes of a block with `discover`.
#[derive(Debug)]
pub struct Discovered {
    /// The API server's URL.
    pub url: String,
    /// Whether the nodes are shared, and that was looked at here.
    pub shares: bool,
    /// What was found, in the order of the steps.
    pub findings: Vec<Finding>,
    /// All nodes, by their names.
    pub nodes: Vec<Told>,
}

impl Discovered {
    fn not_reached(&self) -> Vec<Step> {
        let steps = Step::OF_DISCOVERY.into_iter();
        not_reached(
            &self.findings,
            steps.filter(|step| *step != Step::Shards || self.shares),
        )
    }
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Found {
    /// Of each block with `discover`.
    pub discovered: Vec<Discovered>,
    /// Of each kubelet.
    pub walked: Vec<Walked>,
    /// Of where the lines go.
    pub output: Option<Finding>,
}

impl Found {
    fn findings(&self) -> impl Iterator<Item = &Finding> {
        let discovered = self.discovered.iter().flat_map(|way| &way.findings);
        let walked = self.walked.iter().flat_map(|way| &way.findings);
        discovered.chain(walked).chain(&self.output)
    }

    /// The worst of all.
    pub fn level(&self) -> Level {
        worst(self.findings())
    }
}

fn worst<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Level {
    let levels = findings.into_iter().map(|finding| finding.level);
    levels.max().unwrap_or(Level::Ok)
}

/// The steps that nothing was found at, because an earlier one failed.
fn not_reached(findings: &[Finding], steps: impl Iterator<Item = Step>) -> Vec<Step> {
    if worst(findings) < Level::Failure {
        return Vec::new();
    }
    let reached = |step: &Step| findings.iter().any(|finding| finding.step == *step);
    steps.filter(|step| !reached(step)).collect()
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
pub fn text(found: &Found, colour: Colour) -> String {
    let mut out = String::new();
    for way in &found.discovered {
        push(&mut out, format_args!("nodes of {}\n", way.url));
        push_way(&mut out, &way.findings, &way.not_reached(), colour);
        push_nodes(&mut out, &way.nodes);
    }
    for way in &found.walked {
        out.push_str(way.url.as_deref().unwrap_or("configuration"));
        if let Some(node) = &way.node {
            push(&mut out, format_args!(" (node {node})"));
        }
        out.push('\n');
        push_way(&mut out, &way.findings, &way.not_reached(), colour);
    }
    if let Some(finding) = &found.output {
        out.push_str("all of them\n");
        push_finding(&mut out, finding, colour);
        out.push('\n');
    }
    let count = |level| found.findings().filter(|finding| finding.level == level).count();
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

fn push_way(out: &mut String, findings: &[Finding], not_reached: &[Step], colour: Colour) {
    for finding in findings {
        push_finding(out, finding, colour);
    }
    let not_reached = words(not_reached);
    if !not_reached.is_empty() {
        push(out, format_args!("  not reached: {}\n", not_reached.join(", ")));
    }
    out.push('\n');
}

/// A row for each: its name, its address, the result, and what is wrong.
fn push_nodes(out: &mut String, nodes: &[Told]) {
    let Some(longest) = nodes.iter().map(|told| told.node.name.len()).max() else {
        return;
    };
    for told in nodes {
        let (name, result) = (&told.node.name, told.result.word());
        let address = told
            .node
            .address
            .as_ref()
            .map_or_else(|| "-".to_owned(), ToString::to_string);
        let ready = if told.node.ready { "" } else { "not ready" };
        let wrong = told.wrong.as_deref().map(printable).unwrap_or_default();
        let comma = if ready.is_empty() || wrong.is_empty() {
            ""
        } else {
            "; "
        };
        let row = format!("  {name:<longest$}  {address:<21}  {result:<17}  {ready}{comma}{wrong}");
        push(out, format_args!("{}\n", row.trim_end()));
    }
    out.push('\n');
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
pub fn json(found: &Found) -> String {
    let discovered = found.discovered.iter().map(|way| {
        json!({
            "api_server": way.url,
            "result": worst(&way.findings).to_string(),
            "findings": way.findings.iter().map(json_of).collect::<Vec<_>>(),
            "not_reached": words(&way.not_reached()),
            "nodes": way.nodes.iter().map(json_of_node).collect::<Vec<_>>(),
        })
    });
    let walked = found.walked.iter().map(|way| {
        json!({
            "url": way.url,
            "node": way.node,
            "result": worst(&way.findings).to_string(),
            "findings": way.findings.iter().map(json_of).collect::<Vec<_>>(),
            "not_reached": words(&way.not_reached()),
            "series": way.series.as_ref().map(json_of_series),
        })
    });
    let whole = json!({
        "result": found.level().to_string(),
        "clusters": discovered.collect::<Vec<_>>(),
        "kubelets": walked.collect::<Vec<_>>(),
        "output": found.output.as_ref().map(json_of),
    });
    text::json(&format!("{whole:#}\n"))
}

fn json_of_node(told: &Told) -> Value {
    json!({
        "name": told.node.name,
        "address": told.node.address.as_ref().map(ToString::to_string),
        "ready": told.node.ready,
        "result": told.result.word(),
        "wrong": told.wrong,
    })
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
