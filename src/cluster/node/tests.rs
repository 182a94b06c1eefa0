use super::*;
use crate::filter::Globs;
use proptest::prelude::*;

/// A node as an API server prints it, as far as it matters here, and what it has that does not.
const NODE: &str = r#"{"metadata":{"name":"node-1","uid":"5f0c","resourceVersion":"4711","creationTimestamp":"2026-01-01T00:00:00Z",
"labels":{"kubernetes.io/os":"linux","node-role.kubernetes.io/worker":"","pool":"a"},
"annotations":{"x":"{\"y\":1}"},"managedFields":[{"manager":"kubelet","fieldsV1":{"f:status":{"f:capacity":{}}}}]},
"spec":{"podCIDR":"10.1.0.0/24","unschedulable":true,"taints":[{"key":"a","effect":"NoSchedule"}]},
"status":{"capacity":{"cpu":"4","ephemeral-storage":"100Gi","memory":"16Gi","pods":"110"},
"allocatable":{"cpu":"3920m","memory":"15Gi","pods":"100"},
"conditions":[{"type":"MemoryPressure","status":"False"},{"type":"Ready","status":"True","reason":"KubeletReady"}],
"addresses":[{"type":"Hostname","address":"node-1"},{"type":"InternalIP","address":"10.0.0.1"},{"type":"InternalIP","address":"fd00::1"}],
"daemonEndpoints":{"kubeletEndpoint":{"Port":10251}},"nodeInfo":{"kubeletVersion":"v1.37.2"},"images":[{"names":["a@b","a:c"],"sizeBytes":5}]}}"#;

fn globs(patterns: &[&str]) -> Vec<Globs> {
    let read = |pattern: &&str| Globs::parse(pattern).unwrap();
    patterns.iter().map(read).collect()
}

fn labels_wanted(include: &[&str]) -> Wanted {
    Wanted {
        labels: Filter::new(globs(include), Vec::new()),
        ..Wanted::default()
    }
}

fn event(kind: &str, object: &str) -> String {
    format!(r#"{{"type":"{kind}","object":{object}}}"#)
}

fn told(line: &str, wanted: &Wanted) -> Event {
    read_event(line.as_bytes(), wanted).unwrap().0
}

fn put(object: &str, wanted: &Wanted) -> Node {
    match told(&event("MODIFIED", object), wanted) {
        Event::Put(node) => node,
        other => panic!("{other:?}"),
    }
}

fn list(items: &str) -> String {
    format!(r#"{{"kind":"NodeList","apiVersion":"v1","metadata":{{"resourceVersion":"9"}},"items":{items}}}"#)
}

fn names(body: &str, wanted: &Wanted) -> Result<(Page, Vec<String>), Malformed> {
    let mut names = Vec::new();
    read_page(body.as_bytes(), wanted, |node| names.push(node.name)).map(|page| (page, names))
}

#[test]
fn what_is_kept_of_a_node() {
    let node = put(NODE, &labels_wanted(&[]));
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let want = Node {
        name: "node-1".to_owned(),
        address: Some(Address {
            host: "10.0.0.1".to_owned(),
            port: 10_251.try_into().unwrap(),
        }),
        labels: vec![pair("kubernetes.io/os", "linux"), pair("pool", "a")],
        ready: true,
        unschedulable: true,
        capacity: Amounts {
            millicpu: Some(4_000),
            memory_bytes: Some(16 << 30),
            pods: Some(110),
        },
        allocatable: Amounts {
            millicpu: Some(3_920),
            memory_bytes: Some(15 << 30),
            pods: Some(100),
        },
    };
    assert_eq!(node, want);
    assert_eq!(put(NODE, &Wanted::default()).labels, []);
    assert_eq!(put(NODE, &labels_wanted(&["po*"])).labels, [pair("pool", "a")]);
    let named = Wanted {
        address_types: vec![AddressType::Hostname],
        ..Wanted::default()
    };
    assert_eq!(put(NODE, &named).address.unwrap().to_string(), "node-1:10251");
}

#[test]
fn a_node_that_says_nothing_is_one() {
    let node = put(r#"{"metadata":{"name":"node-1"}}"#, &labels_wanted(&[]));
    let want = Node {
        name: "node-1".to_owned(),
        address: None,
        labels: Vec::new(),
        ready: false,
        unschedulable: false,
        capacity: Amounts::default(),
        allocatable: Amounts::default(),
    };
    assert_eq!(node, want);
}

#[test]
fn what_is_odd_is_missing_and_nothing_else_is() {
    for (from, to, lacks) in [
        (r#""cpu":"4""#, r#""cpu":4"#, "millicpu"),
        (r#""cpu":"4""#, r#""cpu":"many""#, "millicpu"),
        (
            r#"{"type":"Ready","status":"True","reason":"KubeletReady"}"#,
            "7",
            "ready",
        ),
        (r#""status":"True""#, r#""status":"Unknown""#, "ready"),
        (
            r#""unschedulable":true"#,
            r#""unschedulable":"true""#,
            "unschedulable",
        ),
        (r#""labels":{"#, r#""labels":7,"x":{"#, "labels"),
        (r#""pool":"a""#, r#""pool":["a"]"#, "pool"),
        (r#""addresses":["#, r#""addresses":null,"x":["#, "address"),
        (
            r#""pool":"a""#,
            r#""pool":"0123456789012345678901234567890123456789012345678901234567890123""#,
            "pool",
        ),
    ] {
        assert!(NODE.contains(from), "{from}");
        let odd = put(&NODE.replacen(from, to, 1), &labels_wanted(&[]));
        let mut want = put(NODE, &labels_wanted(&[]));
        match lacks {
            "millicpu" => want.capacity.millicpu = None,
            "ready" => want.ready = false,
            "unschedulable" => want.unschedulable = false,
            "labels" => want.labels.clear(),
            "pool" => drop(want.labels.pop()),
            _ => want.address = None,
        }
        assert_eq!(odd, want, "{to}");
    }
}

#[test]
fn a_port_that_is_none_is_the_usual_one() {
    for (port, want) in [
        ("0", 10_250),
        ("70000", 10_250),
        ("\"10251\"", 10_250),
        ("1.5", 10_250),
        ("10255", 10_255),
    ] {
        let object = NODE.replace("10251", port);
        assert_eq!(
            put(&object, &Wanted::default()).address.unwrap().port.get(),
            want,
            "{port}"
        );
    }
}

#[test]
fn of_more_than_a_node_has_no_more_is_kept() {
    let many = |of: &dyn Fn(usize) -> String| {
        let all: Vec<_> = (0..10_000).map(of).collect();
        all.join(",")
    };
    let labels = many(&|at| format!(r#""l{at:05}":"v""#));
    let addresses = many(&|at| {
        format!(
            r#"{{"type":"InternalIP","address":"10.0.{}.{}"}}"#,
            at / 256,
            at % 256
        )
    });
    let object = format!(
        r#"{{"metadata":{{"name":"node-1","labels":{{{labels}}}}},"status":{{"addresses":[{addresses}]}}}}"#
    );
    let node = put(&object, &labels_wanted(&[]));
    assert_eq!(node.labels.len(), MOST_LABELS);
    assert_eq!(node.labels[MOST_LABELS - 1].0, "l00127");
    assert_eq!(node.address.unwrap().host, "10.0.0.0");
}

#[test]
fn names_are_subdomains_of_dns() {
    let odd = [
        "",
        "-a",
        "a-",
        "a..b",
        ".a",
        "A",
        "a_b",
        "a/b",
        "a b",
        "a\\nb",
        "ä",
        "system:node:a",
    ]
    .map(str::to_owned);
    for name in odd.into_iter().chain(["a".repeat(254)]) {
        let object = format!(r#"{{"metadata":{{"name":"{name}"}}}}"#);
        for kind in ["ADDED", "DELETED"] {
            let left_out = Event::LeftOut(String::new());
            assert_eq!(
                told(&event(kind, &object), &Wanted::default()),
                left_out,
                "{name:?}"
            );
        }
        let (page, found) = names(&list(&format!("[{object},{NODE}]")), &Wanted::default()).unwrap();
        assert_eq!((page.odd, found), (1, vec!["node-1".to_owned()]), "{name:?}");
    }
    for name in [
        "a",
        "0",
        "ip-10-0-0-1.eu-central-1.compute.internal",
        &"a".repeat(253),
    ] {
        let object = format!(r#"{{"metadata":{{"name":"{name}"}}}}"#);
        assert_eq!(put(&object, &Wanted::default()).name, name);
    }
}

#[test]
fn those_that_are_not_wanted_are_left_out_by_name() {
    let wanted = Wanted {
        names: Filter::new(globs(&["node-*"]), globs(&["node-2"])).unwrap(),
        ..Wanted::default()
    };
    let objects = ["node-1", "node-2", "other"]
        .map(|name| NODE.replace(r#""node-1","uid""#, &format!(r#""{name}","uid""#)));
    let (page, found) = names(&list(&format!("[{}]", objects.join(","))), &wanted).unwrap();
    assert_eq!((page.odd, found), (0, vec!["node-1".to_owned()]));
    for kind in ["ADDED", "MODIFIED", "DELETED"] {
        assert_eq!(
            told(&event(kind, &objects[1]), &wanted),
            Event::LeftOut("node-2".to_owned())
        );
    }
    assert_eq!(
        told(&event("DELETED", &objects[0]), &wanted),
        Event::Gone("node-1".to_owned())
    );
}

#[test]
fn a_page_says_where_it_goes_on() {
    let body = list("[]").replace(
        r#""resourceVersion":"9""#,
        r#""resourceVersion":"9","continue":"eyJ2Ijoi","remainingItemCount":7"#,
    );
    let (page, _) = names(&body, &Wanted::default()).unwrap();
    let want = Page {
        resource_version: "9".to_owned(),
        next: Some("eyJ2Ijoi".to_owned()),
        odd: 0,
    };
    assert_eq!(page, want);
    let last = names(&body.replace("eyJ2Ijoi", ""), &Wanted::default())
        .unwrap()
        .0;
    assert_eq!(last.next, None);
    assert!(names(&body.replace("eyJ2Ijoi", &"x".repeat(5000)), &Wanted::default()).is_err());
}

/// It would be the end of all nodes that there are.
#[test]
fn what_is_no_list_is_not_a_list_of_none() {
    let empty = list("[]");
    assert!(names(&empty, &Wanted::default()).is_ok());
    assert!(names(&list("null"), &Wanted::default()).is_ok());
    let status = r#"{"kind":"Status","metadata":{"resourceVersion":"1"},"items":[],"status":"Success"}"#;
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "<html>",
        status,
        &empty[..empty.len() - 1],
        &format!("{empty}{empty}"),
        &empty.replace(r#""items":[]"#, r#""item":[]"#),
        &empty.replace(r#""items":[]"#, r#""items":[],"items":[]"#),
        &empty.replace("NodeList", "PodList"),
        &empty.replace(r#""resourceVersion":"9""#, ""),
        &empty.replace(r#""9""#, "9"),
        &empty.replace(r#""9""#, &format!(r#""{}""#, "9".repeat(300))),
    ] {
        assert!(names(body, &Wanted::default()).is_err(), "{body}");
    }
}

#[test]
fn events_are_told_with_their_version() {
    let read = |line: &str| read_event(line.as_bytes(), &Wanted::default()).unwrap();
    let (told, version) = read(&event("ADDED", NODE));
    assert!(matches!(told, Event::Put(_)));
    assert_eq!(version.as_deref(), Some("4711"));
    let bookmark = r#"{"kind":"Node","metadata":{"resourceVersion":"12746","creationTimestamp":null},"spec":{},"status":{"daemonEndpoints":{"kubeletEndpoint":{"Port":0}}}}"#;
    assert_eq!(
        read(&event("BOOKMARK", bookmark)),
        (Event::Bookmark, Some("12746".to_owned()))
    );
    // The other way round, and with white space.
    let turned = format!(r#" {{ "object" : {NODE} , "type" : "DELETED" }} "#);
    assert_eq!(
        read(&turned),
        (Event::Gone("node-1".to_owned()), Some("4711".to_owned()))
    );
    for line in [
        "",
        "{}",
        "null",
        r#"{"type":"NEW","object":{}}"#,
        r#"{"type":"ADDED"}{}"#,
        r#"{"type":"ADDED""#,
    ] {
        assert!(read_event(line.as_bytes(), &Wanted::default()).is_err(), "{line}");
    }
}

#[test]
fn a_watch_ends_with_a_code_and_a_reason() {
    let error = |rest: &str| {
        let object = format!(
            r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"x"{rest}}}"#
        );
        match told(&event("ERROR", &object), &Wanted::default()) {
            Event::Error { code, reason } => (code, reason),
            other => panic!("{other:?}"),
        }
    };
    for (rest, want) in [
        (r#","reason":"Expired","code":410"#, (410, Reason::Expired)),
        (r#","reason":"Gone","code":410"#, (410, Reason::Expired)),
        (r#","code":410"#, (410, Reason::Expired)),
        (r#","reason":"Expired""#, (0, Reason::Expired)),
        (r#","reason":"TooManyRequests","code":429"#, (429, Reason::Busy)),
        (
            r#","reason":"Unauthorized","code":401"#,
            (401, Reason::Unauthorized),
        ),
        (r#","reason":"Forbidden","code":403"#, (403, Reason::Forbidden)),
        (r#","reason":"InternalError","code":500"#, (500, Reason::Other)),
        (r#","reason":7,"code":"410""#, (0, Reason::Other)),
        (r#","code":99999"#, (0, Reason::Other)),
        ("", (0, Reason::Other)),
    ] {
        assert_eq!(error(rest), want, "{rest}");
    }
}

proptest! {
    #[test]
    fn whatever_comes_takes_nothing_down(at in 0..NODE.len(), cut in 0_usize..8, put in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut bytes = event("ADDED", NODE).into_bytes();
        bytes.splice(at..(at + cut).min(bytes.len()), put.iter().copied());
        if let Ok((Event::Put(node), _)) = read_event(&bytes, &labels_wanted(&[])) {
            prop_assert!(node.name.len() <= name::LONGEST && node.labels.len() <= MOST_LABELS);
        }
        let page = [list("").trim_end_matches('}').as_bytes(), b"[", &bytes, b"]}"].concat();
        let _ = read_page(&page, &labels_wanted(&[]), drop);
    }
}
