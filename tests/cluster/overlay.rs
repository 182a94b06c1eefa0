//! What a user has beside `telegraf/`: a kustomization of his own around one of ours, as its README has it.
//!
//! Knows where things are in this repository; judges nothing.

use std::path::{Path, PathBuf};

use crate::machine::Cluster;
use crate::support::page::{Block, Page};

/// Where all of them are.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/telegraf");

/// The README beside them.
pub fn readme() -> Page {
    Page::read(Path::new(ROOT).join("kubernetes/README.md"))
}

/// Its block of this language with these words.
pub fn block(language: &str, words: &str) -> String {
    let blocks = readme().of_language(language).into_iter();
    let mut blocks = blocks.filter(|block: &Block| block.text.contains(words));
    let block = blocks
        .next()
        .unwrap_or_else(|| panic!("no {language} with {words:?}"));
    assert_eq!(blocks.next(), None, "another {language} with {words:?}");
    block.text
}

/// One of ours: a kustomization, or a component upon that of `telegraf/`.
#[derive(Debug)]
pub struct Overlay {
    /// Its directory, from the repository's.
    pub name: String,
    component: bool,
}

/// All of them.
pub fn all() -> Vec<Overlay> {
    let mut found = Vec::new();
    search(Path::new(ROOT), &mut found);
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn search(directory: &Path, found: &mut Vec<Overlay>) {
    let entries = std::fs::read_dir(directory).expect("a directory of ours");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let (directories, files): (Vec<PathBuf>, Vec<_>) = paths.partition(|path| path.is_dir());
    if let Some(file) = files.iter().find(|file| file.ends_with("kustomization.yaml")) {
        let text = std::fs::read_to_string(file).expect("our own file");
        let name = directory
            .strip_prefix(env!("CARGO_MANIFEST_DIR"))
            .expect("it is below");
        found.push(Overlay {
            name: name.to_str().expect("UTF-8").to_owned(),
            component: text.contains("\nkind: Component\n"),
        });
    }
    for directory in directories {
        search(&directory, found);
    }
}

impl Overlay {
    /// A directory like the one in which the README's commands are to be run, and where it is: with `my-cluster` in it,
    /// which takes this one.
    pub fn laid_out(&self, cluster: &Cluster) -> String {
        let name = format!("around/{}", self.name.replace('/', "-"));
        cluster.sh(&format!("mkdir -p {name} && cp -r {ROOT} {name}/"));
        let mut text = block("yaml", "resources: [../telegraf]");
        if self.component {
            text = text.replace("components: []", &format!("components: [../{}]", self.name));
        } else {
            text = text.replace("[../telegraf]", &format!("[../{}]", self.name));
        }
        assert!(text.contains(&format!("../{}]", self.name)), "{text}");
        cluster.write(&format!("{name}/my-cluster/kustomization.yaml"), &text);
        cluster.path(&name)
    }

    /// What comes out.
    pub fn rendered(&self, cluster: &Cluster) -> String {
        let directory = self.laid_out(cluster);
        cluster.kubectl(&["kustomize", &format!("{directory}/my-cluster")])
    }
}
