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

/// The shapes of the pod, by their directories.
pub const SHAPES: [&str; 2] = ["telegraf", "telegraf/kubernetes/sidecar"];

/// One of our kustomizations with these components upon it, all by their directories.
#[derive(Debug)]
pub struct Overlay {
    pub resource: String,
    pub components: Vec<String>,
}

/// All of them: each kustomization as it is, and each shape with every set of components.
pub fn all() -> Vec<Overlay> {
    let mut resources = Vec::new();
    let mut components = Vec::new();
    search(Path::new(ROOT), &mut |name, text| {
        let kind = if text.contains("\nkind: Component\n") {
            &mut components
        } else {
            &mut resources
        };
        kind.push(name);
    });
    components.sort();
    let mut overlays = Vec::new();
    for resource in resources {
        let sets = if SHAPES.contains(&resource.as_str()) {
            1 << components.len()
        } else {
            1
        };
        for set in 0..sets {
            let chosen = components.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
            overlays.push(Overlay {
                resource: resource.clone(),
                components: chosen.map(|(_, name)| name.clone()).collect(),
            });
        }
    }
    overlays
}

/// Each kustomization below a directory: its own directory, from the repository's, and what it says.
fn search(directory: &Path, found: &mut impl FnMut(String, &str)) {
    let entries = std::fs::read_dir(directory).expect("a directory of ours");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let (directories, files): (Vec<PathBuf>, Vec<_>) = paths.partition(|path| path.is_dir());
    if let Some(file) = files.iter().find(|file| file.ends_with("kustomization.yaml")) {
        let text = std::fs::read_to_string(file).expect("our own file");
        let name = directory.strip_prefix(env!("CARGO_MANIFEST_DIR"));
        let name = name.expect("it is below").to_str().expect("UTF-8");
        found(name.to_owned(), &text);
    }
    for directory in directories {
        search(&directory, found);
    }
}

impl Overlay {
    /// A shape as it is.
    pub fn shape(name: &str) -> Self {
        assert!(SHAPES.contains(&name), "{name}");
        Self {
            resource: name.to_owned(),
            components: Vec::new(),
        }
    }

    /// The same with a component of this name upon it.
    pub fn with(mut self, component: &str) -> Self {
        self.components.push(format!("telegraf/kubernetes/{component}"));
        self
    }

    /// A directory like the one in which the README's commands are to be run, and where it is: with `my-cluster` in it,
    /// which takes this one.
    pub fn laid_out(&self, cluster: &Cluster) -> String {
        let directory = cluster.path("around");
        cluster.sh(&format!(
            "rm -rf {directory} && mkdir {directory} && cp -r {ROOT} {directory}/"
        ));
        let components: Vec<_> = self.components.iter().map(|name| format!("../{name}")).collect();
        let replaced = [
            (
                "resources: [../telegraf]",
                format!("resources: [../{}]", self.resource),
            ),
            (
                "components: []",
                format!("components: [{}]", components.join(", ")),
            ),
        ];
        let text = block("yaml", "resources: [../telegraf]");
        let text = replaced.iter().fold(text, |text, (there, here)| {
            assert!(text.contains(there), "{there}: {text}");
            text.replace(there, here)
        });
        cluster.write("around/my-cluster/kustomization.yaml", &text);
        directory
    }

    /// What comes out, or why nothing does.
    pub fn rendered(&self, cluster: &Cluster) -> Result<String, String> {
        let directory = self.laid_out(cluster);
        let output = cluster
            .inside("kubectl", &["kustomize", &format!("{directory}/my-cluster")])
            .output()
            .expect("a shell");
        let [said, log] = [output.stdout, output.stderr].map(|said| String::from_utf8(said).expect("UTF-8"));
        if output.status.success() {
            Ok(said)
        } else {
            Err(log)
        }
    }
}
