//! Descriptors are used up: told as what it is, hurting no other kubelet, and over when it is over.

use test_kubelet::{Fault, Options, TestKubelet};

use super::process::{allow_files, allow_files_again};
use super::support::plugin::{Plugin, block, command};
use super::support::scrape::{config, with_certificate};

/// The scrapes of one tick, by the URL in them.
fn tick(plugin: &mut Plugin, of: &[&TestKubelet]) -> Vec<String> {
    plugin.tick();
    let scrapes: Vec<_> = of.iter().map(|_| plugin.batch().pop().unwrap()).collect();
    of.iter()
        .map(|kubelet| {
            let url = format!("url={}", kubelet.url());
            scrapes
                .iter()
                .find(|line| line.contains(&url))
                .unwrap_or_else(|| panic!("{url} in {scrapes:#?}"))
                .clone()
        })
        .collect()
}

#[test]
fn no_descriptor_for_a_connection() {
    let (away, healthy) = (
        TestKubelet::start(Options::default()),
        TestKubelet::start(Options::default()),
    );
    let dir = tempfile::tempdir().unwrap();
    let config = format!("{}{}", block(&away), block(&healthy));
    let mut plugin = Plugin::start(command(dir.path(), &config));
    let both = [&away, &healthy];
    for scrape in tick(&mut plugin, &both) {
        assert!(scrape.contains("result=success"), "{scrape}");
    }
    // Its connection ends with this, and the next one has to be a new one.
    away.set_fault(Fault::Drop);
    let scrapes = tick(&mut plugin, &both);
    assert!(scrapes[0].contains("result=connection_failed"), "{scrapes:#?}");
    away.set_fault(Fault::None);
    // Both answered, and then one did not.
    let said: Vec<_> = (0..3).map(|_| plugin.log()).collect();
    assert!(said[2].starts_with("E! "), "{said:#?}");

    allow_files(plugin.pid(), 0);
    let scrapes = tick(&mut plugin, &both);
    assert!(scrapes[0].contains("result=connection_failed"), "{scrapes:#?}");
    assert!(scrapes[1].contains("result=success"), "{scrapes:#?}");
    let said: Vec<_> = (0..3).map(|_| plugin.log()).collect();
    let errors: Vec<_> = said.iter().filter(|line| line.starts_with("E! ")).collect();
    assert_eq!(errors.len(), 1, "{said:#?}");
    assert!(
        errors[0].contains("may open no more files") && errors[0].contains("LimitNOFILE"),
        "{said:#?}"
    );
    // Each kubelet's token could not be read either, which is told once, and the one read last is shown.
    let going_on: Vec<_> = said
        .iter()
        .filter(|line| line.starts_with("W! ") && line.contains("may open no more files"))
        .collect();
    assert_eq!(going_on.len(), 2, "{said:#?}");

    allow_files_again(plugin.pid());
    for scrape in tick(&mut plugin, &both) {
        assert!(scrape.contains("result=success"), "{scrape}");
    }
}

#[test]
fn no_descriptor_for_a_file_that_was_never_read() {
    let kubelet = TestKubelet::start(Options::default());
    let files = kubelet.files();
    let certificate = with_certificate(&kubelet, &files.client_cert, &files.client_key);
    for (config, late) in [(block(&kubelet), &files.token), (certificate, &files.client_cert)] {
        let content = std::fs::read_to_string(late).unwrap();
        std::fs::remove_file(late).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut plugin = Plugin::start(command(dir.path(), &config));
        assert_without_a_file(&mut plugin, &kubelet, "no such file");
        std::fs::write(late, content).unwrap();
        allow_files(plugin.pid(), 0);
        assert_without_a_file(&mut plugin, &kubelet, "may open no more files");
        allow_files_again(plugin.pid());
        let scrapes = tick(&mut plugin, &[&kubelet]);
        assert!(scrapes[0].contains("result=success"), "{scrapes:#?}");
    }
}

/// The system's CAs are read when the first connection is made, and a part of them would be believed for good.
#[test]
fn no_descriptor_for_the_systems_store() {
    let kubelet = TestKubelet::start(Options::default());
    let files = kubelet.files();
    let store = tempfile::tempdir().unwrap();
    std::fs::copy(&files.ca, store.path().join("12345678.0")).unwrap();
    let token = std::fs::read_to_string(&files.token).unwrap();
    std::fs::remove_file(&files.token).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut command = command(dir.path(), &config(&kubelet, &[("bearer_token", &files.token)]));
    command
        .env_remove("SSL_CERT_FILE")
        .env("SSL_CERT_DIR", store.path());
    let mut plugin = Plugin::start(command);
    assert_without_a_file(&mut plugin, &kubelet, "no such file");
    std::fs::write(&files.token, token).unwrap();
    // The token can be opened, and, while the directory is listed, nothing that is in it.
    allow_files(plugin.pid(), 1);
    assert_without_a_file(&mut plugin, &kubelet, "may open no more files");
    allow_files_again(plugin.pid());
    let scrapes = tick(&mut plugin, &[&kubelet]);
    assert!(scrapes[0].contains("result=success"), "{scrapes:#?}");
}

fn assert_without_a_file(plugin: &mut Plugin, kubelet: &TestKubelet, words: &str) {
    let scrapes = tick(plugin, &[kubelet]);
    let said = plugin.log();
    assert!(
        scrapes[0].contains("result=credential") && said.contains(words),
        "{scrapes:#?}\n{said}"
    );
}
