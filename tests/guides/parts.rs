//! What all pages have: configurations that load, roles, commands, links, and names of diagnoses.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use telegraf_kubelet::check::Diagnosis;

use super::support::page::{self, Block, Page, blocks, part};
use super::support::plugin::{bare, command};

/// The program takes this configuration; the error is what it says.
fn load(config: &str) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    // Stdin is over at once, so that it loads, starts and stops.
    let output = command(dir.path(), config)
        .env("NODE_IP", "10.0.0.7")
        .env("NODE_NAME", "node-1")
        .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .env("KUBERNETES_SERVICE_PORT", "1")
        .env("POD_NAMESPACE", "monitoring")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    // A cluster is looked for from the start on, and there is none here: that is not about the configuration.
    let of_a_cluster = ["; no node is known yet", " our Lease at "];
    let mut faults = log.lines().filter(|line| line.contains("E! "));
    let is_fine = faults.all(|line| of_a_cluster.iter().any(|words| line.contains(words)));
    if output.status.success() && is_fine {
        Ok(())
    } else {
        Err(log)
    }
}

#[test]
fn configurations_load() {
    let mut loaded = 0;
    for page in page::all() {
        for block in page.of_language("toml") {
            if block.text.contains("[[inputs.kubelet]]") {
                load(&block.text).unwrap_or_else(|error| panic!("{}: {error}{}", page.name(), block.text));
                loaded += 1;
            }
        }
    }
    assert!(loaded > 10, "{loaded}");
    load("[[inputs.kubelet]]\n  tls_bundle = \"/etc/ca.crt\"\n").unwrap_err();
    load("[[inputs.kubelet]]\n  url = \"https://$NODE_ADDRESS\"\n").unwrap_err();
    load("[[inputs.kubelet]]\n  discover = \"nodes\"\n  node_selector = \"a in b\"\n").unwrap_err();
}

/// The documents of a YAML text that are of this kind.
fn documents<'t>(yaml: &'t str, kind: &str) -> Vec<&'t str> {
    let is_of_kind = |document: &&str| document.lines().any(|line| line == format!("kind: {kind}"));
    yaml.split("---\n").filter(is_of_kind).collect()
}

/// Every role is, to the letter, the one that the program prints, which holds one right; and every binding is to it.
#[test]
fn roles_are_the_least() {
    let printed = bare()
        .args(["check", "--print-rbac"])
        .env("NODE_IP", "10.0.0.7")
        .output()
        .unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let [least] = documents(&printed, "ClusterRole")[..] else {
        panic!("one role: {printed}");
    };
    let least = least.trim_start_matches(|character| character != '\n').trim();
    assert_eq!(least.matches("resources:").count(), 1);
    assert!(
        least.ends_with("resources: [\"nodes/stats\"]\n    verbs: [\"get\"]"),
        "{least}"
    );

    let (mut roles, mut bindings) = (0, 0);
    for page in page::all() {
        for block in page.of_language("yaml") {
            for kind in ["Role", "RoleBinding"] {
                assert!(
                    documents(&block.text, kind).is_empty(),
                    "{}: {}",
                    page.name(),
                    block.text
                );
            }
            for role in documents(&block.text, "ClusterRole") {
                assert!(role.trim_end().ends_with(least), "{}: {role}", page.name());
                roles += 1;
            }
            for binding in documents(&block.text, "ClusterRoleBinding") {
                let to_it = "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: telegraf-kubelet\n";
                assert!(binding.contains(to_it), "{}: {binding}", page.name());
                bindings += 1;
            }
        }
    }
    assert!(roles >= 3 && bindings >= 4, "{roles} roles, {bindings} bindings");
}

/// A shell can read every command: nothing is left open, and placeholders are words.
#[test]
fn commands_parse() {
    let parses = |script: &str| {
        let mut shell = Command::new("sh")
            .arg("-n")
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        shell.wait().unwrap().success()
    };
    for page in page::all() {
        for block in page.of_language("sh") {
            assert!(parses(&block.text), "{}: {}", page.name(), block.text);
        }
    }
    assert!(!parses("kubectl get <NODE>"));
}

/// What is said to the program in a piece of shell: the words behind each of its names.
fn calls(shell: &str) -> Vec<Vec<String>> {
    let mut calls = Vec::new();
    for line in shell.replace("\\\n", " ").lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        for (at, word) in words.iter().enumerate() {
            let before = at.checked_sub(1).map_or("|", |at| words[at]);
            let runs = ["|", "&&", "--"].contains(&before) || before.contains('=');
            if runs && (*word == "telegraf-kubelet" || word.ends_with("bin/telegraf-kubelet")) {
                let own = words[at + 1..]
                    .iter()
                    .take_while(|word| !["|", "&&", ">"].contains(word));
                calls.push(own.map(ToString::to_string).collect());
            }
        }
    }
    calls
}

/// What of a call the help does not know.
fn unknown(call: &[String], help: &str) -> Option<String> {
    let known = |(at, word): &(usize, &String)| match word.trim_start_matches('-') {
        name if name.len() < word.len() => help.lines().any(|line| {
            line.trim_start()
                .strip_prefix('-')
                .is_some_and(|flag| flag.split([' ', ',']).next() == Some(name))
        }),
        // What is no flag is a command, or a flag's value.
        _ => *at > 0 || help.contains(&format!("telegraf-kubelet {word} ")),
    };
    call.iter()
        .enumerate()
        .find(|word| !known(word))
        .map(|(_, word)| word.clone())
}

#[test]
fn flags_exist() {
    let help = String::from_utf8(bare().arg("--help").output().unwrap().stdout).unwrap();
    let mut found = 0;
    for page in page::all() {
        let spans = page.prose();
        let spans = spans
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|span| span.starts_with("telegraf-kubelet "));
        let blocks = page.of_language("sh").into_iter().map(|block| block.text);
        for shell in blocks.chain(spans.map(str::to_owned)) {
            for call in calls(&shell) {
                assert_eq!(unknown(&call, &help), None, "{}: {shell}", page.name());
                found += 1;
            }
        }
    }
    assert!(found > 8, "{found}");
    let of = |shell: &str| unknown(&calls(shell)[0], &help);
    assert_eq!(
        of("kubectl exec ds/telegraf -- telegraf-kubelet chek"),
        Some("chek".to_owned())
    );
    assert_eq!(
        of("A=b telegraf-kubelet check --print-rights"),
        Some("--print-rights".to_owned())
    );
}

/// The name that a heading has in a link.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|character| character.is_alphanumeric() || " -_".contains(*character));
    kept.map(|character| if character == ' ' { '-' } else { character })
        .collect()
}

fn anchors(page: &Page) -> BTreeSet<String> {
    let prose = page.prose();
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

/// Links of a page that lead nowhere within the repository.
fn dead(page: &Page) -> Vec<String> {
    let prose = page.prose();
    let targets = prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let dead = |target: &&str| {
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let path = page.path.parent().unwrap().join(file);
        if file.is_empty() {
            !anchors(page).contains(anchor)
        } else if path.is_file() && !anchor.is_empty() {
            !anchors(&Page::read(path)).contains(anchor)
        } else {
            !path.exists()
        }
    };
    let inside = targets.filter(|target| !target.starts_with("http"));
    inside.filter(dead).map(str::to_owned).collect()
}

#[test]
fn links_lead_somewhere() {
    for page in page::all() {
        assert_eq!(dead(&page), Vec::<String>::new(), "{}", page.name());
    }
    let text =
        "## A `b`: c\n[a](#a-b-c) [b](#a-b) [c](nowhere.md) [d](README.md#options) [e](README.md#toasts)\n";
    let page = Page {
        path: page::all()[0].path.with_file_name("none.md"),
        text: text.to_owned(),
    };
    assert_eq!(dead(&page), ["#a-b", "nowhere.md", "README.md#toasts"]);
}

#[test]
fn the_readme_knows_every_guide() {
    let readme = &page::all()[0].text;
    for guide in page::guides() {
        assert!(
            readme.contains(&format!("](telegraf/guides/{})", guide.name())),
            "{}",
            guide.name()
        );
    }
}

/// Words in the first column of a table whose head is "`check` says".
fn told_by_check(text: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut words = BTreeSet::new();
    for line in text.lines() {
        inside = line.starts_with("| `check` says") || inside && line.starts_with('|');
        if let (true, Some(cell)) = (inside, line.split('|').nth(1)) {
            words.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    words.remove("check");
    words
}

#[test]
fn diagnoses_exist() {
    let known = |word: &str| Diagnosis::ALL.iter().any(|diagnosis| diagnosis.word() == word);
    let mut found = 0;
    for page in page::guides() {
        for word in told_by_check(&page.text) {
            assert!(known(&word), "{}: {word}", page.name());
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
    let told = told_by_check("| `check` says | x |\n|---|---|\n| `a`, `b` | `c` |\n\n| `d` |\n");
    assert!(told.iter().eq(["a", "b"]), "{told:?}");
}

/// Nothing here names this machine's places.
#[test]
fn pages_are_neutral() {
    for page in page::guides() {
        let text = fs::read_to_string(&page.path).unwrap();
        for words in ["/tmp/", "/work/", "/home/", "/root/"] {
            assert!(!text.contains(words), "{}: {words}", page.name());
        }
    }
}

#[test]
fn blocks_are_found_with_what_stands_above_them() {
    let text = "words\n\n<!-- check: a -->\n```toml\nx = 1\n```\n\n- item\n\n  ```sh\n  ls\n    -l\n  ```\n";
    let block = |language: &str, marker: Option<&str>, text: &str| Block {
        language: language.to_owned(),
        marker: marker.map(str::to_owned),
        text: text.to_owned(),
    };
    assert_eq!(
        blocks(text),
        [
            block("toml", Some("check: a"), "x = 1\n"),
            block("sh", None, "ls\n  -l\n")
        ]
    );
    let (from, to) = part(text, "check: a").expect("a part");
    assert_eq!(&text[from..to], "x = 1\n");
    assert_eq!(part("<!-- a -->\nt\n<!-- end of a -->", "a"), Some((11, 13)));
    assert_eq!(part(text, "check: b"), None);
}
