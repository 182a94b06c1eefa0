//! Whatever we say to apply is taken by a real API server: no field that it does not know, nothing that it warns of, and
//! each pod as safe as its namespace wants pods to be.

use serde_json::{Value, json};

use crate::machine::{Cluster, cluster};
use crate::overlay::{self, Overlay};
use crate::support::page;

/// Those that others refer to, so that they have to be there for a dry run of the others.
const REFERRED_TO: [&str; 3] = ["Namespace", "ServiceAccount", "PriorityClass"];

/// What an API server would say to it, and nothing is changed: an error, if it were to warn.
fn dry_run(cluster: &Cluster, manifests: &str) -> Result<(), String> {
    let file = cluster.write("dry-run.yaml", manifests);
    let output = cluster
        .inside(
            "kubectl",
            &[
                "apply",
                "--dry-run=server",
                "--validate=strict",
                "--warnings-as-errors",
            ],
        )
        .arg("-f")
        .arg(file)
        .output()
        .expect("a shell");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    if output.status.success() {
        Ok(())
    } else {
        Err(said)
    }
}

/// Its objects.
fn objects(cluster: &Cluster, manifests: &str) -> Vec<Value> {
    let file = cluster.write("objects.yaml", manifests);
    let file = file.to_str().expect("UTF-8");
    let said = cluster.kubectl(&[
        "create",
        "--dry-run=client",
        "--validate=false",
        "-o",
        "json",
        "-f",
        file,
    ]);
    let objects = serde_json::Deserializer::from_str(&said).into_iter();
    objects.map(|object| object.expect("JSON")).collect()
}

/// Makes for real what the others refer to.
fn make_referred_to(cluster: &Cluster, objects: &[Value]) {
    let of_these = |kind| objects.iter().filter(move |object| object["kind"] == kind);
    let manifests = documents(REFERRED_TO.into_iter().flat_map(of_these));
    if !manifests.is_empty() {
        cluster.apply(&manifests);
    }
}

/// Manifests of objects.
fn documents<'a>(objects: impl IntoIterator<Item = &'a Value>) -> String {
    let documents = objects.into_iter().map(|object| format!("---\n{object}\n"));
    documents.collect::<Vec<_>>().concat()
}

/// The pod that a `DaemonSet` makes. An API server holds pods to their namespace's standard, and nobody else.
fn pod_of(daemon_set: &Value) -> Value {
    let template = &daemon_set["spec"]["template"];
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "of-a-daemon-set",
            "namespace": daemon_set["metadata"]["namespace"],
            "labels": template["metadata"]["labels"],
        },
        "spec": template["spec"],
    })
}

/// Of the `DaemonSet`s among these objects.
fn pods(objects: &[Value]) -> Vec<Value> {
    let sets = objects.iter().filter(|object| object["kind"] == "DaemonSet");
    sets.map(pod_of).collect()
}

#[test]
fn every_overlay_is_taken_without_a_warning() {
    let cluster = cluster();
    // As the chart's part of the README has it, for those that bring no namespace.
    let chart = overlay::block("sh", "\nhelm ");
    let (namespace, _) = chart.split_once('\n').expect("several commands");
    assert!(namespace.starts_with("kubectl create namespace "), "{chart}");
    cluster.sh(&format!(
        "{namespace} --dry-run=client -o yaml | kubectl apply -f -"
    ));
    let (mut with_pods, mut refused) = (0, 0);
    for overlay in overlay::all() {
        let text = match overlay.rendered(&cluster) {
            Ok(text) => text,
            // Two that contradict each other, in the README's words.
            Err(said) => {
                let words = [r#"Name:\"telegraf-kubelet-trust\""#, "exists"];
                let told = words.iter().all(|words| said.contains(words));
                assert!(overlay.components.len() > 1 && told, "{said}");
                refused += 1;
                continue;
            }
        };
        let objects = objects(&cluster, &text);
        make_referred_to(&cluster, &objects);
        let pods = pods(&objects);
        with_pods += pods.len();
        let all = format!("{text}{}", documents(&pods));
        assert_eq!(dry_run(&cluster, &all), Ok(()), "{overlay:?}");
    }
    assert!(with_pods >= 12 && refused >= 4, "{with_pods}, {refused} refused");
}

/// The same, of what an API server has to refuse.
#[test]
fn what_is_wrong_is_refused() {
    let cluster = cluster();
    let shape = || Overlay::shape("telegraf");
    let rendered = |overlay: Overlay| objects(&cluster, &overlay.rendered(&cluster).expect("it is rendered"));
    let ours = rendered(shape());
    make_referred_to(&cluster, &ours);
    let pod = pods(&ours).remove(0);
    assert_eq!(dry_run(&cluster, &pod.to_string()), Ok(()));
    let refused = |pod: &Value, words: &str| {
        let said = dry_run(&cluster, &pod.to_string()).expect_err(words);
        assert!(said.contains(words), "{said}");
    };
    let changed = |path: &str, value: Value| {
        let (at, key) = path.rsplit_once('/').expect("a path");
        let mut pod = pod.clone();
        match pod.pointer_mut(at).expect("it is there") {
            Value::Array(list) => list[key.parse::<usize>().expect("an index")] = value,
            object => object[key] = value,
        }
        pod
    };
    for (path, value) in [
        ("/spec/hostNetwork", json!(true)),
        ("/spec/securityContext/runAsNonRoot", json!(false)),
        (
            "/spec/securityContext/seccompProfile",
            json!({"type": "Unconfined"}),
        ),
        (
            "/spec/containers/0/securityContext/allowPrivilegeEscalation",
            json!(true),
        ),
        (
            "/spec/containers/0/securityContext/capabilities",
            json!({"drop": ["ALL"], "add": ["NET_RAW"]}),
        ),
        ("/spec/initContainers/0/securityContext/capabilities", json!({})),
        (
            "/spec/volumes/0",
            json!({"name": "plugin", "hostPath": {"path": "/"}}),
        ),
    ] {
        refused(&changed(path, value), "violates PodSecurity");
    }
    refused(
        &changed("/spec/automountServiceAccountTokn", json!(false)),
        "unknown field",
    );
    refused(
        &changed("/spec/nodeSelector", json!({"beta.kubernetes.io/os": "linux"})),
        "deprecated",
    );

    // With a file of the node's only where the namespace allows one.
    let with_a_file = rendered(shape().with("node-certificate"));
    refused(&pods(&with_a_file)[0], "violates PodSecurity");
    make_referred_to(&cluster, &with_a_file);
    assert_eq!(dry_run(&cluster, &pods(&with_a_file)[0].to_string()), Ok(()));
}

/// All whole manifests of the READMEs and the guides.
#[test]
fn every_manifest_of_a_guide_is_taken_without_a_warning() {
    let cluster = cluster();
    let mut seen = 0;
    for page in page::all() {
        for block in page.of_language("yaml") {
            let of_the_api = !["\nkind: Kustomization", "\nkind: KubeletConfiguration"]
                .iter()
                .any(|kind| block.text.contains(kind));
            if block.text.starts_with("apiVersion: ") && of_the_api {
                seen += 1;
                let objects = objects(&cluster, &block.text);
                for object in &objects {
                    if let Some(namespace) = object["metadata"]["namespace"].as_str() {
                        let made =
                            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
                        cluster.apply(&made.to_string());
                    }
                }
                make_referred_to(&cluster, &objects);
                assert_eq!(
                    dry_run(&cluster, &block.text),
                    Ok(()),
                    "{}: {}",
                    page.name(),
                    block.text
                );
            }
        }
    }
    assert!(seen >= 5, "{seen}");
}
