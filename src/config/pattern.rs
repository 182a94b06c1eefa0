//! Why a pattern of a list can not be taken, told without a secret.

use std::fmt;

use crate::lines::PatternFault;

/// Which pattern of a list can not be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// Which one, from 1.
    pub number: usize,
    /// The pattern, where it can be no secret.
    pub shown: Option<String>,
    /// What is wrong with it.
    pub fault: PatternFault,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shown {
            Some(pattern) => write!(f, "\"{pattern}\"")?,
            None => write!(f, "pattern {} of the list", self.number)?,
        }
        match self.fault {
            PatternFault::Syntax => {
                f.write_str(" is no pattern; there are *, ?, [a-z], [!a] and {a,b}, each closed")
            }
            PatternFault::NoSuchName(character) => write!(
                f,
                " can match nothing: Kubernetes allows no '{}' in such a name; correct it, or take it out",
                character.escape_default()
            ),
            PatternFault::MatchesNothing => {
                f.write_str(" matches no field and no measurement.field; README.md lists them all")
            }
        }
    }
}
