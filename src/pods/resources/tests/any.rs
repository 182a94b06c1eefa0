//! Any containers, against rules that have nothing of ours in them.

use super::super::*;
use proptest::prelude::*;

/// The processors of a pod's containers phase by phase, as KEP-753 tells it: each init container with the sidecars before
/// it, and in the end all that stay. Without a limit, these can use any amount; an init container without one is over soon.
fn slowly(claims: &[Claim]) -> (Option<u128>, Option<u128>) {
    let at_start = |claim: &&Claim| matches!(claim.kind, Kind::Init | Kind::Sidecar);
    let starting: Vec<_> = claims.iter().filter(at_start).collect();
    let mut phases = Vec::new();
    for (at, one) in starting.iter().enumerate() {
        let before = starting[..at].iter().filter(|claim| claim.kind == Kind::Sidecar);
        phases.push(before.chain([one]).copied().collect::<Vec<_>>());
    }
    let stays = |claim: &&Claim| matches!(claim.kind, Kind::Main | Kind::Sidecar);
    phases.push(claims.iter().filter(stays).collect());

    let now = |claim: &Claim| claim.actual.unwrap_or(claim.spec);
    let request = |claim: &&Claim| now(claim).requests.cpu_milli.map(u128::from);
    let limit = |claim: &&Claim| {
        now(claim)
            .limits
            .cpu_milli
            .map(u128::from)
            .filter(|limit| *limit > 0)
    };
    let requests = phases.iter().filter_map(|phase| {
        let asked = phase.iter().filter_map(request);
        asked.reduce(|sum, request| sum + request)
    });
    let is_told = |phase: &&Vec<&Claim>| match phase.last() {
        Some(last) if last.kind == Kind::Init => limit(last).is_some(),
        _ => true,
    };
    let limits: Option<Vec<u128>> = phases
        .iter()
        .filter(is_told)
        .map(|phase| phase.iter().map(limit).sum::<Option<u128>>())
        .collect();
    let limit = limits.and_then(|limits| limits.into_iter().max());
    (requests.max(), limit.filter(|limit| *limit > 0))
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(&[Kind::Init, Kind::Sidecar, Kind::Main, Kind::Ephemeral][..])
}

fn amount(most: u64) -> impl Strategy<Value = Option<u64>> {
    prop_oneof![1 => Just(None), 1 => Just(Some(0)), 6 => (1..=most).prop_map(Some)]
}

fn some_amounts(most: u64) -> impl Strategy<Value = Amounts> {
    let three = (amount(most), amount(most), amount(most));
    three.prop_map(|(cpu_milli, memory_bytes, ephemeral_storage_bytes)| Amounts {
        cpu_milli,
        memory_bytes,
        ephemeral_storage_bytes,
    })
}

fn some_resources(most: u64) -> impl Strategy<Value = Resources> {
    (some_amounts(most), some_amounts(most)).prop_map(|(requests, limits)| Resources { requests, limits })
}

fn some_claim(most: u64) -> impl Strategy<Value = Claim> {
    let parts = (
        kind(),
        some_resources(most),
        prop::option::of(some_resources(most)),
    );
    parts.prop_map(|(kind, spec, actual)| Claim { kind, spec, actual })
}

fn some_claims(most: u64) -> impl Strategy<Value = Vec<Claim>> {
    prop::collection::vec(some_claim(most), 0..6)
}

fn all(resources: Resources) -> [Option<u64>; 6] {
    let Resources { requests, limits } = resources;
    [
        requests.cpu_milli,
        requests.memory_bytes,
        requests.ephemeral_storage_bytes,
        limits.cpu_milli,
        limits.memory_bytes,
        limits.ephemeral_storage_bytes,
    ]
}

const SMALL: u64 = 1_000_000;

proptest! {
    #[test]
    fn agrees_with_the_phases_one_by_one(claims in some_claims(SMALL)) {
        let pod = of_pod(claims.iter().copied(), Resources::default(), Amounts::default());
        let told = (pod.requests.cpu_milli, pod.limits.cpu_milli);
        prop_assert_eq!((told.0.map(u128::from), told.1.map(u128::from)), slowly(&claims));
    }

    #[test]
    fn a_container_more_never_lowers_a_request(
        claims in some_claims(SMALL),
        one_more in some_claim(SMALL),
        at in any::<prop::sample::Index>(),
        pod_level in some_resources(SMALL),
        overhead in some_amounts(SMALL),
    ) {
        let before = of_pod(claims.iter().copied(), pod_level, overhead);
        let mut claims = claims;
        claims.insert(at.index(claims.len() + 1), one_more);
        let after = of_pod(claims, pod_level, overhead);
        for (before, after) in all(before).into_iter().zip(all(after)).take(3) {
            prop_assert!(before <= after, "{:?} and {:?}", before, after);
        }
    }

    /// All that count have one, or the pod itself does.
    #[test]
    fn a_pod_has_a_limit_only_if_nothing_that_runs_is_without(
        claims in some_claims(SMALL),
        pod_level in some_resources(SMALL),
        overhead in some_amounts(SMALL),
    ) {
        let pod = of_pod(claims.iter().copied(), pod_level, overhead);
        let counts = |claim: &&Claim| matches!(claim.kind, Kind::Main | Kind::Sidecar);
        let init = claims.iter().filter(|claim| claim.kind == Kind::Init);
        let of_init: Vec<_> = init.map(|claim| all(of_container(claim))).collect();
        let of_each: Vec<_> = claims.iter().filter(counts).map(|claim| all(of_container(claim))).collect();
        for at in 3..6 {
            let own = all(pod_level)[at].filter(|_| at < 5);
            let expected = match own {
                Some(own) => own > 0,
                None if of_each.is_empty() => of_init.iter().any(|one| one[at].is_some()),
                None => of_each.iter().all(|one| one[at].is_some()),
            };
            prop_assert_eq!(all(pod)[at].is_some(), expected);
        }
        prop_assert!(all(pod)[3..].iter().all(|limit| *limit != Some(0)));
    }

    #[test]
    fn a_pod_has_at_least_what_each_container_has(claims in some_claims(SMALL)) {
        let pod = all(of_pod(claims.iter().copied(), Resources::default(), Amounts::default()));
        for claim in &claims {
            for (at, one) in all(of_container(claim)).into_iter().enumerate() {
                let limit_of_all = at < 3 || pod[at].is_some();
                prop_assert!(one <= pod[at] || !limit_of_all, "{:?} and {:?}", one, pod[at]);
            }
        }
    }

    #[test]
    fn whatever_is_asked_for_a_field_holds_what_is_told(
        claims in some_claims(u64::MAX),
        pod_level in some_resources(u64::MAX),
        overhead in some_amounts(u64::MAX),
    ) {
        let pod = of_pod(claims.iter().copied(), pod_level, overhead);
        let told = claims.iter().map(of_container).chain([pod]).flat_map(all).flatten();
        for amount in told {
            prop_assert!(amount <= MOST);
        }
    }
}
