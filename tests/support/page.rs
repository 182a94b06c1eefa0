//! Pages of Markdown: their fenced blocks, and parts that the program writes.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A page.
#[derive(Debug)]
pub struct Page {
    /// Where it is.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
}

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// The word behind the fence.
    pub language: String,
    /// The comment in the line above, as `check: name`.
    pub marker: Option<String>,
    /// What is in it, without the indentation that its fence has.
    pub text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All guides.
pub fn guides() -> Vec<Page> {
    let entries = std::fs::read_dir(root().join("telegraf/guides")).expect("the guides");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    assert!(
        paths
            .iter()
            .all(|path| path.extension().is_some_and(|kind| kind == "md"))
    );
    paths.into_iter().map(Page::read).collect()
}

/// The guide in this file.
pub fn guide(name: &str) -> Page {
    let found = guides().into_iter().find(|page| page.name() == name);
    found.unwrap_or_else(|| panic!("no guide is called {name}"))
}

/// All that a user reads: the READMEs and the guides.
pub fn all() -> Vec<Page> {
    let readmes = ["README.md", "telegraf/kubernetes/README.md", "packages/README.md"];
    let mut pages: Vec<_> = readmes.iter().map(|path| Page::read(root().join(path))).collect();
    pages.extend(guides());
    pages
}

impl Page {
    /// Of this file.
    pub fn read(path: PathBuf) -> Self {
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text }
    }

    /// Without directories.
    pub fn name(&self) -> &str {
        self.path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
    }

    /// All its blocks, of whichever language.
    pub fn blocks(&self) -> Vec<Block> {
        blocks(&self.text)
    }

    /// Those of one language.
    pub fn of_language(&self, language: &str) -> Vec<Block> {
        let mut blocks = self.blocks();
        blocks.retain(|block| block.language == language);
        blocks
    }

    /// The text outside of all blocks.
    pub fn prose(&self) -> String {
        let mut inside = false;
        let mut prose = String::new();
        for line in self.text.lines() {
            let fence = line.trim_start().starts_with("```");
            inside ^= fence;
            if !inside && !fence {
                prose.push_str(line);
                prose.push('\n');
            }
        }
        prose
    }
}

/// The words in backticks of a text.
pub fn spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The rows of the first table behind `head`, cell by cell.
pub fn rows<'t>(text: &'t str, head: &str) -> Vec<Vec<&'t str>> {
    let (_, table) = text.split_once(head).unwrap_or_else(|| panic!("no {head:?}"));
    let rows = table
        .trim_start_matches('\n')
        .lines()
        .skip_while(|line| !line.starts_with("|---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// All fenced blocks of a text.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut above = "";
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let indent = line.len() - line.trim_start().len();
            let inside = lines
                .by_ref()
                .take_while(|line| line.trim() != "```")
                .map(|line| format!("{}\n", line.get(indent..).unwrap_or_default()));
            blocks.push(Block {
                language: language.to_owned(),
                marker: comment(above).map(str::to_owned),
                text: inside.collect(),
            });
        }
        above = line;
    }
    blocks
}

fn comment(line: &str) -> Option<&str> {
    Some(line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim())
}

/// What a part of a page has to say by the program's word, if only `same` says so of the two. With `UPDATE_GUIDES` it
/// is written.
pub fn holds(page: &Page, marker: &str, expected: &str, same: impl Fn(&str, &str) -> bool) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let page = Page::read(page.path.clone());
    let (from, to) = part(&page.text, marker).unwrap_or_else(|| panic!("{}: no {marker:?}", page.name()));
    let found = &page.text[from..to];
    if same(found, expected) {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_GUIDES").is_some(),
        "{}, {marker}: UPDATE_GUIDES=1 cargo test --test guides\nfound:\n{found}\nexpected:\n{expected}",
        page.name()
    );
    let updated = format!("{}{expected}{}", &page.text[..from], &page.text[to..]);
    std::fs::write(&page.path, updated).expect("a writable page");
}

/// Where the part begins and ends that this comment introduces: a fenced block's inside, or what stands between it and
/// the comment `end of …`.
pub fn part(text: &str, marker: &str) -> Option<(usize, usize)> {
    let comment = format!("<!-- {marker} -->\n");
    let mut from = text.find(&comment)? + comment.len();
    let end = if text[from..].starts_with("```") {
        from += text[from..].find('\n')? + 1;
        "```\n".to_owned()
    } else {
        format!("<!-- end of {marker} -->")
    };
    Some((from, from + text[from..].find(&end)?))
}
