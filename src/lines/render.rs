//! One summary into one batch of lines, always in the same order.
//!
//! Runs at every tick on every node: text goes straight from the body into one buffer that is used again, a pod's tags
//! are escaped once, and nothing is allocated per line.

use std::ops::Range;

use super::line::Line;
use super::plan::{Plan, Plans};
use super::schema::{self, OfContainer, OfInterface, OfVolume};
use super::scrape::{self, ScrapeReport, push_pair};
use crate::batch::Batch;
use crate::config::{self, Volumes};
use crate::summary::{
    self, Container, Network, Node, NotASummary, Pod, PodReference, Rejected, Text, Time, UserMetric, Visit,
    Volume,
};

/// What became of one summary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Lines made.
    pub lines: u64,
    /// Pods in the summary, let through or not.
    pub pods: u64,
    /// Values left out because no field can hold them.
    pub out_of_range: u64,
    /// Values left out because they are not of the API's type.
    pub rejected: Rejected,
}

/// Turns summaries into batches, for ever with the same memory.
pub struct Renderer {
    settings: config::Lines,
    plans: Plans,
    line: Line,
    /// Kept after a failed tick, so that `kubelet_scrape` can still name the node.
    node_name: String,
    /// `,node_name=…`.
    node_tags: Vec<u8>,
    /// `,namespace=…,node_name=…,pod_name=…` of the pod at hand.
    pod_tags: Vec<u8>,
    /// Scratch: the order of a list's elements.
    order: Vec<usize>,
}

impl Renderer {
    /// A renderer with these settings.
    #[must_use]
    pub fn new(settings: &config::Lines) -> Self {
        Self {
            settings: settings.clone(),
            plans: Plans::new(settings),
            line: Line::new(settings.timestamp),
            node_name: String::new(),
            node_tags: Vec::new(),
            pod_tags: Vec::new(),
            order: Vec::new(),
        }
    }

    /// The node's name as the last good answer gave it; empty before that.
    #[must_use]
    pub fn node_name(&self) -> &str {
        &self.node_name
    }

    /// Makes the lines of `body`, each with the timestamp `arrived` (nanoseconds since 1970), into `batch`, which is
    /// emptied first.
    ///
    /// # Errors
    /// The body is no summary; then `batch` is empty.
    pub fn render(&mut self, body: &[u8], arrived: i64, batch: &mut Batch) -> Result<Rendered, NotASummary> {
        batch.clear();
        self.line.begin(std::mem::take(&mut batch.text), arrived);
        let mut tick = Tick {
            renderer: self,
            pods: Vec::new(),
            listed: 0,
            node_end: 0,
        };
        let outcome = summary::read(body, &mut tick);
        let pods = tick.listed;
        tick.put_in_order(&mut batch.order);
        batch.text = self.line.end(outcome.is_ok());
        match outcome {
            Ok(rejected) => Ok(Rendered {
                lines: self.line.count(),
                pods,
                out_of_range: self.line.out_of_range(),
                rejected,
            }),
            Err(error) => {
                batch.clear();
                Err(error)
            }
        }
    }

    /// Appends the line about the scrape itself.
    pub fn push_report(&mut self, report: &ScrapeReport<'_>, at: i64, batch: &mut Batch) {
        let start = batch.text.len();
        scrape::push(&mut batch.text, report);
        batch.text.extend_from_slice(format!(" {at}\n").as_bytes());
        batch.order.push(start..batch.text.len());
    }
}

/// One body on its way into lines.
struct Tick<'r, 'a> {
    renderer: &'r mut Renderer,
    /// Where the node's lines end.
    node_end: usize,
    /// Pods so far, let through or not.
    listed: u64,
    pods: Vec<PodLines<'a>>,
}

/// A pod's lines, and what they are ordered by. The uid tells apart two pods of one name, of which one replaces the
/// other while both are listed.
struct PodLines<'a> {
    namespace: Text<'a>,
    name: Text<'a>,
    uid: Text<'a>,
    run: Range<usize>,
}

impl<'a> Visit<'a> for Tick<'_, 'a> {
    fn restart(&mut self) {
        self.renderer.line.forget();
        self.pods.clear();
        self.listed = 0;
        self.node_end = 0;
    }

    fn node(&mut self, node: &Node<'a>) {
        let Renderer {
            plans,
            line,
            node_tags,
            node_name,
            order,
            ..
        } = &mut *self.renderer;
        if node_name != node.name.as_str() {
            node.name.as_str().clone_into(node_name);
        }
        node_tags.clear();
        push_pair(node_tags, "node_name", node_name);
        line.write(&plans.node, node, Time::default(), |tags| {
            tags.extend_from_slice(node_tags);
        });
        line.write_in_order(
            order,
            &node.system_containers,
            |container| container.name.as_str(),
            |line, container| write_container(line, &plans.system_container, plans, node_tags, container),
        );
        write_interfaces(line, order, &plans.node_interface, node_tags, &node.network);
        self.node_end = line.position();
    }

    fn pod(&mut self, pod: &Pod<'a>) {
        self.listed += 1;
        let reference = &pod.reference;
        let settings = &self.renderer.settings;
        if !settings.namespaces.lets_through(reference.namespace.as_str())
            || !settings.pods.lets_through(reference.name.as_str())
        {
            return;
        }
        self.renderer.set_pod_tags(reference);
        let start = self.renderer.line.position();
        self.renderer.write_pod(pod);
        self.pods.push(PodLines {
            namespace: reference.namespace.clone(),
            name: reference.name.clone(),
            uid: reference.uid.clone(),
            run: start..self.renderer.line.position(),
        });
    }
}

impl Renderer {
    fn set_pod_tags(&mut self, reference: &PodReference<'_>) {
        let tags = &mut self.pod_tags;
        tags.clear();
        push_pair(tags, "namespace", reference.namespace.as_str());
        tags.extend_from_slice(&self.node_tags);
        push_pair(tags, "pod_name", reference.name.as_str());
        if self.settings.pod_uid {
            push_pair(tags, "pod_uid", reference.uid.as_str());
        }
    }

    fn write_pod(&mut self, pod: &Pod<'_>) {
        let Self {
            settings,
            plans,
            line,
            pod_tags,
            order,
            ..
        } = self;
        line.write(&plans.pod, pod, Time::default(), |tags| {
            tags.extend_from_slice(pod_tags);
        });
        line.write_in_order(
            order,
            &pod.containers,
            |container| container.name.as_str(),
            |line, container| {
                if settings.containers.lets_through(container.name.as_str()) {
                    write_container(line, &plans.container, plans, pod_tags, container);
                }
            },
        );
        line.write(&plans.pod_network, pod, Time::default(), |tags| {
            tags.extend_from_slice(pod_tags);
        });
        write_interfaces(line, order, &plans.pod_interface, pod_tags, &pod.network);
        line.write_in_order(
            order,
            &pod.volumes,
            |volume| volume.name.as_str(),
            |line, volume| {
                if settings.volumes == Volumes::All || !volume.claim.name.as_str().is_empty() {
                    write_volume(line, &plans.volume, pod_tags, volume);
                }
            },
        );
    }
}

fn write_volume(line: &mut Line, plan: &Plan<OfVolume>, pod_tags: &[u8], volume: &Volume<'_>) {
    line.write(plan, volume, Time::default(), |tags| {
        tags.extend_from_slice(pod_tags);
        push_pair(tags, "pvc_name", volume.claim.name.as_str());
        push_pair(tags, "volume_name", volume.name.as_str());
    });
}

impl Tick<'_, '_> {
    /// The node first, then the pods by namespace, name and uid.
    fn put_in_order(mut self, order: &mut Vec<Range<usize>>) {
        let line = &self.renderer.line;
        self.pods.sort_unstable_by(|a, b| {
            (&a.namespace, &a.name, &a.uid)
                .cmp(&(&b.namespace, &b.name, &b.uid))
                .then_with(|| line.part(&a.run).cmp(line.part(&b.run)))
        });
        order.push(0..self.node_end);
        order.extend(self.pods.into_iter().map(|pod| pod.run));
    }
}

fn write_container(
    line: &mut Line,
    plan: &Plan<OfContainer>,
    plans: &Plans,
    owner_tags: &[u8],
    container: &Container<'_>,
) {
    let tags = |tags: &mut Vec<u8>| {
        push_pair(tags, "container_name", container.name.as_str());
        tags.extend_from_slice(owner_tags);
    };
    line.write(plan, container, Time::default(), tags);
    // Obsolete lists, empty on every kubelet of these years: an order of their own costs nothing while it is empty.
    let mut order = Vec::new();
    line.write_in_order(
        &mut order,
        &container.accelerators,
        |accelerator| accelerator.id.as_str(),
        |line, accelerator| {
            line.write(&plans.accelerator, accelerator, Time::default(), |line| {
                tags(line);
                push_pair(line, "id", accelerator.id.as_str());
                push_pair(line, "make", accelerator.make.as_str());
                push_pair(line, "model", accelerator.model.as_str());
            });
        },
    );
    line.write_in_order(
        &mut order,
        &container.user_metrics,
        |metric| metric.name.as_str(),
        |line, metric| {
            line.write(&plans.user_metric, metric, Time::default(), |line| {
                tags(line);
                push_pair(line, "metric_name", metric.name.as_str());
                push_pair(line, "metric_type", metric.kind.as_str());
                push_pair(line, "units", metric.units.as_str());
                push_labels(line, metric);
            });
        },
    );
}

/// A label may not take the place of one of our tags, nor be called `time`, which InfluxDB refuses: such a label is
/// written as `label_…`.
fn push_labels(line: &mut Vec<u8>, metric: &UserMetric<'_>) {
    for (key, value) in metric.labels.iter() {
        let taken = key == "time" || key == "host" || schema::USER_METRIC.tags.contains(&key);
        match key {
            "" => {}
            _ if taken => push_pair(line, &format!("label_{key}"), value.as_str()),
            _ => push_pair(line, key, value.as_str()),
        }
    }
}

fn write_interfaces(
    line: &mut Line,
    order: &mut Vec<usize>,
    plan: &Plan<OfInterface>,
    owner_tags: &[u8],
    network: &Network<'_>,
) {
    line.write_in_order(
        order,
        &network.interfaces,
        |interface| interface.name.as_str(),
        |line, interface| {
            line.write(plan, interface, network.time, |tags| {
                push_pair(tags, "interface", interface.name.as_str());
                tags.extend_from_slice(owner_tags);
            });
        },
    );
}
