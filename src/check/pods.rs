//! `/pods`, where metadata of pods is wanted: the right, the answer, and what became of the labels in it.
//!
//! A tick's lines of the summary never wait for it, so that nothing here is a failure.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Diagnosis;
use super::answer::longer;
use super::authentication::{anonymous, api_server};
use super::authorization::{Probe, can_i, give};
use super::finding::{Finding, Mend, Step};
use super::lines::rejected;
use super::rbac::Subject;
use super::text::several;
use crate::client::Phase;
use crate::client::inspect::Who;
use crate::config::{Kubelet, Ticking};
use crate::json::Rejected;
use crate::kubelet::{Question, Refusal, Right, ScrapeError, Scraper, nodes_pods, nodes_proxy};
use crate::lines::metadata::{Gatherer, Known, Settings};
use crate::lines::{Fate, Label};
use crate::redact::Redacted;

/// So many keys are told; more of them help nobody.
const TOLD: usize = 64;

/// Asks for it, as a tick does.
///
/// # Errors
/// There is no answer.
pub async fn ask(scraper: &Scraper) -> Result<Vec<u8>, ScrapeError> {
    let mut body = Vec::new();
    scraper.beside(Question::Pods).scrape(&mut body).await?;
    Ok(body)
}

/// Why there is none, of a kubelet that has a summary for us.
pub fn missing(kubelet: &Kubelet, error: &ScrapeError, who: &Who, ticking: Ticking) -> Finding {
    match error {
        ScrapeError::Status(403, refusal @ Refusal::Forbidden(attributes)) => {
            if !attributes.is_of_nobody() && attributes.knows_proxy_alone() {
                needs_proxy(kubelet, refusal)
            } else {
                forbidden(kubelet, refusal, who)
            }
        }
        ScrapeError::Status(500, Refusal::AuthorizationError(_)) => without(error).mends(api_server()),
        ScrapeError::Timeout { limit, phase } => {
            let finding = without(error);
            let finding = match phase {
                // The one that it asks about each right.
                Phase::Waiting => finding.mends(api_server()),
                _ => finding,
            };
            finding.mend(longer(*limit, ticking))
        }
        ScrapeError::TooLarge(_) => without(error).mend(Mend::say(
            "if that is a kubelet, let max_response be more: a pod has some 10 kB there",
        )),
        _ => without(error).mend(see()),
    }
}

fn warning(diagnosis: Diagnosis, why: &str) -> Finding {
    Finding::warning(
        Step::Pods,
        diagnosis,
        format!("{why}. Without /pods no line is lost, and none has metadata"),
    )
}

fn without(error: &ScrapeError) -> Finding {
    warning(
        Diagnosis::PodsMissing,
        &format!("/pods does not come: {}", error.about(Question::Pods)),
    )
}

fn see() -> Mend {
    Mend::run(
        "see what the kubelet says to an administrator, with the node's name for NODE: it begins with {\"kind\":\"PodList\"",
        "kubectl get --raw /api/v1/nodes/NODE/proxy/pods | head -c 100",
    )
}

fn forbidden(kubelet: &Kubelet, refusal: &Refusal, who: &Who) -> Finding {
    let said = |why: &str| {
        warning(
            Diagnosis::PodsForbidden,
            &format!("the kubelet answers 403 {refusal} to /pods: {why}"),
        )
    };
    let user = refusal.user().unwrap_or_default();
    let Some(subject) = Subject::of(user) else {
        return said("it takes us for nobody in particular, who must never have that right")
            .mends(anonymous(who).mends);
    };
    said(concat!(
        "no role with ",
        nodes_pods!(whole),
        " is bound to that user, who may read the summary"
    ))
    .mend(give([&Right::PODS], subject))
    .mend(can_i(kubelet, Right::PODS, user, who))
    .mend(none_of_it(&kubelet.lines.metadata))
}

/// It has no right of its own for that (before 1.33).
fn needs_proxy(kubelet: &Kubelet, refusal: &Refusal) -> Finding {
    const WHY: &str = concat!(
        " to /pods: it knows no right of its own for that, as those before Kubernetes 1.33, and wants ",
        nodes_proxy!(),
        ", which is the right to ",
        nodes_proxy!(to)
    );
    warning(
        Diagnosis::PodsNeedProxy,
        &format!("the kubelet answers 403 {refusal}{WHY}"),
    )
    .mend(none_of_it(&kubelet.lines.metadata))
    .mend(Mend::say(concat!(
        "never grant ",
        nodes_proxy!(),
        " for it: with Kubernetes 1.33 or newer ",
        nodes_pods!(),
        " is enough"
    )))
}

/// The options that ask for it, so that they don't.
fn none_of_it(settings: &Settings) -> Mend {
    let nothing = Settings::default();
    let options = [
        (
            settings.labels != nothing.labels,
            "label_include = []\nlabel_exclude = [\"*\"]\n",
        ),
        (
            settings.annotations != nothing.annotations,
            "annotation_include = []\nannotation_exclude = [\"*\"]\n",
        ),
        (settings.groups != nothing.groups, "metadata = []\n"),
        (
            settings.own_network_only != nothing.own_network_only,
            "pod_network = \"all\"\n",
        ),
    ];
    let asking = options.iter().filter(|(asks, _)| *asks);
    Mend::configure(
        "else do without metadata: take these options out of the configuration, or write them so",
        asking.map(|(_, toml)| *toml).collect::<String>(),
    )
}

/// What is taken of an answer, and what became of the rest.
pub struct Learned {
    /// What lines are made of.
    pub known: Arc<Known>,
    rejected: Rejected,
    /// By key, as it is written or would be: of how many pods.
    prefixed: BTreeMap<String, u64>,
    /// The same of those that are left out.
    left_out: BTreeMap<String, u64>,
    /// How many these are, be they told by key or not.
    labels_left_out: u64,
}

impl Learned {
    /// How much is left out that is no label of those.
    pub fn others_left_out(&self) -> u64 {
        self.known.left_out().saturating_sub(self.labels_left_out)
    }
}

/// Reads an answer, as a tick does.
///
/// # Errors
/// It is no list of pods.
pub fn learn(kubelet: &Kubelet, body: &[u8]) -> Result<Learned, Finding> {
    let gatherer = Gatherer::new(&kubelet.lines);
    let (mut prefixed, mut left_out, mut labels_left_out) = (BTreeMap::new(), BTreeMap::new(), 0);
    let mut told = |label: &Label<'_>| {
        let keys = match label.fate {
            Fate::Written => return,
            Fate::Prefixed => &mut prefixed,
            Fate::LeftOut => {
                labels_left_out += 1;
                &mut left_out
            }
        };
        if keys.len() <= TOLD || keys.contains_key(&*label.key) {
            *keys.entry(label.key.clone().into_owned()).or_insert(0) += 1;
        }
    };
    let read = gatherer.read_aloud(body, &Known::default(), &mut told);
    let (known, rejected) = read.map_err(|error| {
        warning(
            Diagnosis::PodsMissing,
            &format!("/pods is answered with 200, and what comes cannot be used: {error}"),
        )
        .mend(see())
    })?;
    Ok(Learned {
        known: Arc::new(known),
        rejected,
        prefixed,
        left_out,
        labels_left_out,
    })
}

/// What is in it; `told` makes safe what may be anything. Who may nodes/proxy may read it by that on every kubelet, so that
/// `probed` says whether it was the right for it that let us.
pub fn tell(
    probed: Option<Probe>,
    learned: &Learned,
    bytes: usize,
    told: impl Fn(&str) -> Redacted,
) -> Vec<Finding> {
    let pods = learned.known.listed();
    let may = match probed {
        Some(Probe::Refused) => format!("{}; ", Right::PODS),
        _ => String::new(),
    };
    let mut findings = vec![Finding::ok(
        Step::Pods,
        format!("{may}/pods has {pods} pods, {bytes} bytes"),
    )];
    findings.extend(rejected(Step::Pods, "values of /pods", learned.rejected));
    findings.extend(labels(learned, told));
    findings
}

/// Which of them have another key, or none.
fn labels(learned: &Learned, told: impl Fn(&str) -> Redacted) -> Option<Finding> {
    let list = |keys: &BTreeMap<String, u64>| {
        let counted: Vec<_> = keys.iter().map(|(key, pods)| format!("{key} ({pods})")).collect();
        told(&several(counted.iter().take(TOLD), keys.len() > TOLD))
    };
    let mut said = Vec::new();
    if !learned.prefixed.is_empty() {
        let keys = list(&learned.prefixed);
        said.push(format!(
            "a key that is one of ours gets a prefix, of so many pods: {keys}"
        ));
    }
    if !learned.left_out.is_empty() {
        let keys = list(&learned.left_out);
        said.push(format!(
            "a key that another tag has, or for which a line has no room, is left out, of so many pods: {keys}"
        ));
    }
    if said.is_empty() {
        return None;
    }
    Some(
        Finding::notice(Step::Pods, Diagnosis::LabelsLeftOut, said.join("; ")).mend(Mend::say(
            "where that is in the way, give the label or annotation another key",
        )),
    )
}
