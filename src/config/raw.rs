//! A config file's TOML as blocks of known keys, each with its place; and the reading of one option from a block.
//!
//! Knows TOML's shape and which keys exist. What options mean together is `load`'s.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::echo;
use super::error::{Clash, ConfigError, HeadError, Position, ValueError};
use super::expand::Env;
use super::foreign;
use super::options::{self, Info, Opt};
use super::syntax::SyntaxError;

/// A config file's text and where it came from.
pub(super) struct Source<'s> {
    pub(super) path: &'s Path,
    pub(super) text: &'s str,
}

/// One `[[inputs.kubelet]]`: only keys of [`options::ALL`], their values not yet read.
pub(super) struct Block<'s> {
    source: &'s Source<'s>,
    env: Env<'s>,
    offset: usize,
    entries: Vec<Entry<'s>>,
}

struct Entry<'s> {
    key: String,
    offset: usize,
    value: Spanned<DeValue<'s>>,
}

impl<'s> Source<'s> {
    /// The place of a byte offset; one beyond the text is the text's end.
    pub(super) fn at(&self, offset: usize) -> Position {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline + 1);
        Position {
            path: self.path.to_owned(),
            line: before.split(|byte| *byte == b'\n').count(),
            column: String::from_utf8_lossy(&before[line_start..]).chars().count() + 1,
        }
    }

    /// The file's blocks in its order, at least one.
    pub(super) fn blocks(&'s self, env: Env<'s>) -> Result<Vec<Block<'s>>, ConfigError> {
        let root = DeTable::parse(self.text).map_err(|error| ConfigError::Syntax {
            at: self.at(error.span().map_or(0, |span| span.start)),
            error: SyntaxError::of(error.message()),
        })?;
        let mut blocks = Vec::new();
        for entry in in_order(root.into_inner()) {
            let wrong = self.head(&entry, "", foreign::root(&entry.key));
            match (entry.key.as_str(), entry.value.into_inner()) {
                ("inputs", DeValue::Table(inputs)) => self.inputs(inputs, env, &mut blocks)?,
                _ => return Err(wrong),
            }
        }
        if blocks.is_empty() {
            Err(ConfigError::NoBlock {
                path: self.path.to_owned(),
            })
        } else {
            Ok(blocks)
        }
    }

    fn inputs(
        &'s self,
        inputs: DeTable<'s>,
        env: Env<'s>,
        blocks: &mut Vec<Block<'s>>,
    ) -> Result<(), ConfigError> {
        for entry in in_order(inputs) {
            let error = match entry.key.as_str() {
                "kubelet" => HeadError::SingleBrackets,
                "kubernetes" => HeadError::Peer,
                _ => HeadError::TelegrafConf,
            };
            let wrong = self.head(&entry, "inputs.", error);
            let ("kubelet", DeValue::Array(array)) = (entry.key.as_str(), entry.value.into_inner()) else {
                return Err(wrong);
            };
            for item in array {
                let offset = item.span().start;
                let DeValue::Table(table) = item.into_inner() else {
                    return Err(wrong);
                };
                blocks.push(self.block(offset, table, env)?);
            }
        }
        Ok(())
    }

    /// A block whose keys are all known, each checked in the file's order.
    fn block(&'s self, offset: usize, table: DeTable<'s>, env: Env<'s>) -> Result<Block<'s>, ConfigError> {
        let entries = in_order(table);
        for entry in &entries {
            if options::ALL.iter().any(|info| info.key == entry.key) {
                continue;
            }
            let at = self.at(entry.offset);
            return Err(match foreign::not_taken(&entry.key) {
                Some((key, mend)) => ConfigError::NotTaken { at, key, mend },
                None => ConfigError::UnknownKey {
                    at,
                    key: echo::name(&entry.key),
                    nearest: foreign::nearest(&entry.key),
                },
            });
        }
        Ok(Block {
            source: self,
            env,
            offset,
            entries,
        })
    }

    fn head(&self, entry: &Entry<'_>, parent: &str, error: HeadError) -> ConfigError {
        let key = echo::name(&entry.key).unwrap_or_else(|| "a key".to_owned());
        let head = match entry.value.get_ref() {
            DeValue::Array(array) if array.iter().all(|item| item.get_ref().is_table()) => {
                format!("[[{parent}{key}]]")
            }
            DeValue::Table(_) => format!("[{parent}{key}]"),
            _ => format!("{parent}{key}"),
        };
        ConfigError::Head {
            at: self.at(entry.offset),
            head,
            error,
        }
    }
}

impl Block<'_> {
    /// The option's value, if it is there.
    pub(super) fn get<T>(&self, option: &Opt<T>) -> Result<Option<T>, ConfigError> {
        let Some(entry) = self.entry(&option.info) else {
            return Ok(None);
        };
        match (option.read)(entry.value.get_ref(), self.env) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(ConfigError::Value {
                at: self.source.at(entry.offset),
                key: option.info.key,
                shown: self.shown(entry),
                error,
            }),
        }
    }

    /// The option's value, else its default: that which the sample shows, read in the same way.
    pub(super) fn get_or_default<T>(&self, option: &Opt<T>) -> Result<T, ConfigError> {
        if let Some(value) = self.get(option)? {
            return Ok(value);
        }
        let toml = option.info.sample.toml();
        let value = DeValue::parse(toml).map_err(|error| ConfigError::Syntax {
            at: self.at(),
            error: SyntaxError::of(error.message()),
        })?;
        (option.read)(value.get_ref(), self.env).map_err(|error| self.wrong(option, error))
    }

    /// An error about an option that is not written in the block.
    fn wrong<T>(&self, option: &Opt<T>, error: ValueError) -> ConfigError {
        ConfigError::Value {
            at: self.at(),
            key: option.info.key,
            shown: None,
            error,
        }
    }

    /// Where the block begins.
    pub(super) fn at(&self) -> Position {
        self.source.at(self.offset)
    }

    /// Whether the block has the option at all.
    pub(super) fn has(&self, info: &Info) -> bool {
        self.entry(info).is_some()
    }

    /// The line of the option, or of the block where the option is not written.
    pub(super) fn line(&self, info: &Info) -> usize {
        self.position(info).line
    }

    /// The error that the option's value is wrong beside something else.
    pub(super) fn conflict(&self, info: &Info, with: Clash) -> ConfigError {
        ConfigError::Conflict {
            at: self.position(info),
            key: info.key,
            with,
        }
    }

    /// Where the option is.
    pub(super) fn at_of(&self, info: &Info) -> Position {
        self.position(info)
    }

    fn position(&self, info: &Info) -> Position {
        self.source
            .at(self.entry(info).map_or(self.offset, |entry| entry.offset))
    }

    fn entry(&self, info: &Info) -> Option<&Entry<'_>> {
        self.entries.iter().find(|entry| entry.key == info.key)
    }

    /// The value as it stands in the file: before its variables are expanded, for those may hold secrets.
    fn shown(&self, entry: &Entry<'_>) -> Option<String> {
        match entry.value.get_ref() {
            DeValue::Array(_) | DeValue::Table(_) => None,
            _ => echo::value(self.source.text.get(entry.value.span())?),
        }
    }
}

/// A table's entries as the file has them: the parser sorts them by key, and the first error in a file should be
/// the first that its reader meets.
fn in_order(table: DeTable<'_>) -> Vec<Entry<'_>> {
    let mut entries: Vec<_> = table
        .into_iter()
        .map(|(key, value)| Entry {
            offset: key.span().start,
            key: key.into_inner().into_owned(),
            value,
        })
        .collect();
    entries.sort_by_key(|entry| entry.offset);
    entries
}
