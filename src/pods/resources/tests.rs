//! Kubernetes' rules, case by case, each with where it says so: a file of 1.37.2 and its function, a KEP or an issue.

mod any;

use super::*;

/// Processors, and memory in proportion.
fn amounts(amount: impl Into<Option<u64>>) -> Amounts {
    let amount = amount.into();
    Amounts {
        cpu_milli: amount,
        memory_bytes: amount.map(|amount| amount.saturating_mul(1 << 20)),
        ephemeral_storage_bytes: None,
    }
}

fn storage(amount: u64) -> Amounts {
    Amounts {
        ephemeral_storage_bytes: Some(amount),
        ..Amounts::default()
    }
}

fn resources(requests: impl Into<Option<u64>>, limits: impl Into<Option<u64>>) -> Resources {
    Resources {
        requests: amounts(requests),
        limits: amounts(limits),
    }
}

fn claim(kind: Kind, requests: impl Into<Option<u64>>, limits: impl Into<Option<u64>>) -> Claim {
    Claim {
        kind,
        spec: resources(requests, limits),
        actual: None,
    }
}

fn init(requests: impl Into<Option<u64>>, limits: impl Into<Option<u64>>) -> Claim {
    claim(Kind::Init, requests, limits)
}

fn sidecar(requests: impl Into<Option<u64>>, limits: impl Into<Option<u64>>) -> Claim {
    claim(Kind::Sidecar, requests, limits)
}

fn main(requests: impl Into<Option<u64>>, limits: impl Into<Option<u64>>) -> Claim {
    claim(Kind::Main, requests, limits)
}

impl Claim {
    fn now(self, requests: impl Into<Option<u64>>, limits: impl Into<Option<u64>>) -> Self {
        let actual = Some(resources(requests, limits));
        Self { actual, ..self }
    }
}

const NONE: Option<u64> = None;

/// Why, a pod's containers, and what they come to.
type Case<'a> = (&'a str, &'a [Claim], Resources);

fn check(cases: &[Case<'_>]) {
    for (why, claims, expected) in cases {
        let pod = of_pod(claims.iter().copied(), Resources::default(), Amounts::default());
        assert_eq!(pod, *expected, "{why}");
    }
}

#[test]
fn a_pod_of_main_containers() {
    check(&[
        ("nothing: helpers.go, PodRequests", &[], resources(NONE, NONE)),
        (
            "nothing asked for: helpers.go, addResourceList",
            &[main(NONE, NONE), main(NONE, NONE)],
            resources(NONE, NONE),
        ),
        (
            "main containers add up: helpers.go, aggregateContainerResourcesByFn",
            &[main(100, 200), main(50, 60)],
            resources(150, 260),
        ),
        (
            "a request missing in one is nothing asked for: helpers.go, addResourceList",
            &[main(100, 200), main(NONE, 60)],
            resources(100, 260),
        ),
        (
            "a request of 0 is one: helpers.go, addResourceList",
            &[main(0, 200), main(NONE, 60)],
            resources(0, 260),
        ),
        (
            "a limit missing in one: helpers_linux.go, ResourceConfigForPod",
            &[main(100, 200), main(50, NONE)],
            resources(150, NONE),
        ),
        (
            "a limit of 0 is none: helpers_linux.go, ResourceConfigForPod",
            &[main(100, 200), main(50, 0)],
            resources(150, NONE),
        ),
        (
            "nor are two: helpers_linux.go, MilliCPUToQuota",
            &[main(1, 0), main(1, 0)],
            resources(2, NONE),
        ),
    ]);
}

#[test]
fn a_pod_with_init_containers_and_sidecars() {
    check(&[
        (
            "an init container that asks for more: KEP-753, and helpers.go, maxResourceList",
            &[init(500, 600), main(100, 200)],
            resources(500, 600),
        ),
        (
            "one that asks for less",
            &[init(50, 60), main(100, 200)],
            resources(100, 200),
        ),
        (
            "each for itself: a larger request and a smaller limit",
            &[init(150, 150), main(100, 200)],
            resources(150, 200),
        ),
        (
            "init containers run one after the other: KEP-753",
            &[init(100, 100), init(300, 300), init(200, 200), main(10, 10)],
            resources(300, 300),
        ),
        (
            "an init container that has no limit, and is over soon: helpers.go, PodLimits",
            &[init(10, NONE), main(100, 200)],
            resources(100, 200),
        ),
        (
            "a sidecar comes on top: KEP-753",
            &[sidecar(10, 20), main(100, 200)],
            resources(110, 220),
        ),
        (
            "a sidecar that has no limit: helpers_linux.go, ResourceConfigForPod",
            &[sidecar(10, NONE), main(100, 200)],
            resources(110, NONE),
        ),
        (
            "a sidecar before an init container runs beside it: KEP-753",
            &[sidecar(10, 20), init(500, 600), main(100, 200)],
            resources(510, 620),
        ),
        (
            "one after it does not: KEP-753",
            &[init(500, 600), sidecar(10, 20), main(100, 200)],
            resources(500, 600),
        ),
        (
            "sidecars between init containers: helpers.go, restartableInitContainerResources",
            &[
                sidecar(10, 10),
                init(100, 100),
                sidecar(20, 20),
                init(95, 95),
                main(50, 50),
            ],
            resources(125, 125),
        ),
        (
            "sidecars alone, as before the main containers are seen",
            &[sidecar(10, 10), sidecar(20, 20)],
            resources(30, 30),
        ),
        (
            "as a kubelet 1.37.2 had it: an init container in the middle has no limit",
            &[sidecar(10, 50), init(500, NONE), main(100, 200)],
            resources(510, 250),
        ),
    ]);
}

#[test]
fn a_pod_of_which_not_all_counts_or_is_in_force() {
    check(&[
        (
            "ephemeral containers do not count: core/v1 types.go, EphemeralContainerCommon",
            &[main(100, 200), claim(Kind::Ephemeral, NONE, NONE)],
            resources(100, 200),
        ),
        (
            "not even with amounts, which the API refuses: validation.go, validateEphemeralContainers",
            &[main(100, 200), claim(Kind::Ephemeral, 7, 7).now(8, 8)],
            resources(100, 200),
        ),
        (
            "a resize half done, of one container: KEP-1287",
            &[main(500, 600).now(100, 200), main(50, 60).now(50, 60)],
            resources(150, 260),
        ),
        (
            "a resize to less that is not done yet: KEP-1287",
            &[main(50, 60).now(100, 200)],
            resources(100, 200),
        ),
        (
            "a limit that is wanted and not in force: kubernetes#117085",
            &[main(100, 200).now(100, NONE), main(50, 60).now(50, 60)],
            resources(150, NONE),
        ),
        (
            "one that never ran is as in the spec: kubelet_pods.go, convertToAPIContainerStatuses",
            &[main(100, 200), main(500, 600).now(50, 60)],
            resources(150, 260),
        ),
    ]);
}

#[test]
fn a_pod_of_which_nothing_can_be_told() {
    check(&[
        (
            "more than a field holds",
            &[main(MOST, MOST), main(1, 1)],
            resources(NONE, NONE),
        ),
        (
            "more than a u64 holds",
            &[main(MOST, MOST), main(MOST, MOST), main(MOST, MOST)],
            resources(NONE, NONE),
        ),
        (
            "one that could not be read",
            &[main(NOT_READ, NOT_READ), main(50, 60)],
            resources(NONE, NONE),
        ),
    ]);
}

#[test]
fn a_pod_with_resources_of_its_own_or_overhead() {
    let two = [main(100, 200), main(50, 60)];
    let half = [main(100, 200), main(50, NONE)];
    let free = [main(NONE, NONE), main(NONE, NONE)];
    let cases: &[(&str, &[Claim], Resources, Amounts, Resources)] = &[
        (
            "the pod's own come first: KEP-2837, and helpers.go, applyPodLevelResources",
            &two,
            resources(500, 600),
            amounts(NONE),
            resources(500, 600),
        ),
        (
            "with a container that has none: helpers_linux.go, ResourceConfigForPod",
            &half,
            resources(500, 600),
            amounts(NONE),
            resources(500, 600),
        ),
        (
            "as a kubelet 1.37.2 had it: only the pod's own",
            &free,
            resources(150, 300),
            amounts(NONE),
            resources(150, 300),
        ),
        (
            "only what they name: helpers.go, applyPodLevelResources",
            &two,
            resources(500, NONE),
            amounts(NONE),
            resources(500, 260),
        ),
        (
            "a limit of 0 is none: helpers_linux.go, MilliCPUToQuota",
            &two,
            resources(0, 0),
            amounts(10),
            resources(10, NONE),
        ),
        (
            "one that could not be read is not what the containers say",
            &two,
            resources(NOT_READ, NOT_READ),
            amounts(NONE),
            resources(NONE, NONE),
        ),
        (
            "overhead comes on top: KEP-688",
            &two,
            resources(NONE, NONE),
            amounts(10),
            resources(160, 270),
        ),
        (
            "on the pod's own too: helpers.go, PodRequests and PodLimits",
            &two,
            resources(500, 600),
            amounts(10),
            resources(510, 610),
        ),
        (
            "on a limit only where there is one: helpers.go, PodLimits",
            &half,
            resources(NONE, NONE),
            amounts(10),
            resources(160, NONE),
        ),
        (
            "it is a request where there is no other: helpers.go, PodRequests",
            &free,
            resources(NONE, NONE),
            amounts(10),
            resources(10, NONE),
        ),
        (
            "with it, more than a field holds",
            &[main(MOST, MOST)],
            resources(NONE, NONE),
            amounts(1),
            resources(NONE, NONE),
        ),
    ];
    for (why, claims, pod_level, overhead, expected) in cases {
        let pod = of_pod(claims.iter().copied(), *pod_level, *overhead);
        assert_eq!(pod, *expected, "{why}");
    }
}

#[test]
fn each_resource_of_a_pod_for_itself() {
    let processors = |amount| Amounts {
        cpu_milli: Some(amount),
        ..Amounts::default()
    };
    let both = |cpu, bytes| Amounts {
        ephemeral_storage_bytes: Some(bytes),
        ..processors(cpu)
    };
    let of = |limits| Claim {
        spec: Resources {
            requests: limits,
            limits,
        },
        ..main(NONE, NONE)
    };
    let claims = [of(both(1, 10)), of(both(2, 20))];
    let pod = of_pod(claims, Resources::default(), Amounts::default());
    assert_eq!(pod, of(both(3, 30)).spec);

    // Not that of which one container has none, not even by the half by which the kubelet evicts (eviction_manager.go).
    let claims = [of(both(1, 10)), of(processors(2))];
    let pod = of_pod(claims, Resources::default(), Amounts::default());
    assert_eq!((pod.requests, pod.limits), (both(3, 10), processors(3)));

    // A pod's own are for processors and memory alone (helpers.go, IsSupportedPodLevelResource).
    let pod = of_pod([of(both(1, 10))], of(both(5, 50)).spec, Amounts::default());
    assert_eq!(pod, of(both(5, 10)).spec);
}

#[test]
fn a_container() {
    for (why, claim, expected) in [
        (
            "as wanted, while it never ran",
            main(100, 200),
            resources(100, 200),
        ),
        (
            "in force before wanted: KEP-1287",
            main(500, 600).now(100, 200),
            resources(100, 200),
        ),
        (
            "nothing in force, `{}`: kubelet_pods.go, convertContainerStatusResources",
            main(500, 600).now(NONE, NONE),
            resources(NONE, NONE),
        ),
        (
            "a limit that is not in force yet: kubernetes#117085",
            main(100, 200).now(100, NONE),
            resources(100, NONE),
        ),
        (
            "one in force that is not wanted any more: KEP-1287",
            main(100, NONE).now(100, 200),
            resources(100, 200),
        ),
        (
            "a limit of 0 is none, a request is one: helpers_linux.go, MilliCPUToQuota",
            main(0, 0),
            resources(0, NONE),
        ),
        ("an init container", init(100, 200), resources(100, 200)),
        ("a sidecar: KEP-753", sidecar(500, 600).now(1, 2), resources(1, 2)),
        (
            "an ephemeral one has none: validation.go, validateEphemeralContainers",
            claim(Kind::Ephemeral, 100, 200).now(1, 2),
            resources(NONE, NONE),
        ),
        (
            "what a field does not hold",
            main(MOST + 1, MOST + 1),
            resources(NONE, NONE),
        ),
        (
            "what could not be read is not what is wanted",
            main(100, 200).now(NOT_READ, NOT_READ),
            resources(NONE, NONE),
        ),
    ] {
        assert_eq!(of_container(&claim), expected, "{why}");
    }
}

/// It can not be resized (validation.go, `ValidatePodResize`), so that who does not tell it has left it out.
#[test]
fn ephemeral_storage_that_the_status_leaves_out_is_in_the_spec() {
    let spec = Resources {
        requests: storage(10),
        limits: storage(20),
    };
    let actual = resources(1, 2);
    let claim = Claim {
        spec,
        actual: Some(actual),
        ..main(NONE, NONE)
    };
    let expected = Resources {
        requests: Amounts {
            ephemeral_storage_bytes: Some(10),
            ..actual.requests
        },
        limits: Amounts {
            ephemeral_storage_bytes: Some(20),
            ..actual.limits
        },
    };
    assert_eq!(of_container(&claim), expected);
    let pod = of_pod([claim], Resources::default(), Amounts::default());
    assert_eq!(pod, expected);
}
