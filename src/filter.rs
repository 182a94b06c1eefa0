//! Include and exclude lists, as Telegraf's users know them: globs with `*`, `?`, `[a-z]`, `[!a]` and `{a,b}`.
//!
//! Knows nothing of what the names are names of; which characters they may have its caller says.

use glob::Pattern;

/// How many patterns the braces of one may stand for.
const MOST_ALTERNATIVES: usize = 64;

/// Which names are let through: those that any pattern of the first list matches (an empty one matches all), and none
/// of the second.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    include: Vec<Globs>,
    exclude: Vec<Globs>,
}

/// One pattern as written, and what its braces stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Globs {
    written: String,
    alternatives: Vec<Pattern>,
}

/// Why a pattern is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternFault {
    /// Brackets or braces that do not close, or `**`.
    Syntax,
    /// A character that no such name has, so that nothing could ever match.
    NoSuchName(char),
    /// Matches none of the names that there are.
    MatchesNothing,
}

impl Filter {
    /// A filter of both lists; `None` if the second takes away all that the first lets through, whatever there is.
    #[must_use]
    pub fn new(include: Vec<Globs>, exclude: Vec<Globs>) -> Option<Self> {
        let takes = |globs: &Globs| {
            exclude
                .iter()
                .any(|other| other.written == "*" || other.written == globs.written)
        };
        let nothing = if include.is_empty() {
            exclude.iter().any(|other| other.written == "*")
        } else {
            include.iter().all(takes)
        };
        (!nothing).then_some(Self { include, exclude })
    }

    /// Whether every name is let through.
    #[must_use]
    pub fn lets_all_through(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whether the first list is empty.
    #[must_use]
    pub fn includes_all(&self) -> bool {
        self.include.is_empty()
    }

    /// Whether the second list is empty.
    #[must_use]
    pub fn excludes_none(&self) -> bool {
        self.exclude.is_empty()
    }

    /// Whether the name is let through.
    #[must_use]
    pub fn lets_through(&self, name: &str) -> bool {
        self.lets_any_through(&[name])
    }

    /// Whether a thing of several names is let through: each pattern may match any of them.
    #[must_use]
    pub fn lets_any_through(&self, names: &[&str]) -> bool {
        let matches = |globs: &Globs| names.iter().any(|name| globs.matches(name));
        (self.include.is_empty() || self.include.iter().any(matches)) && !self.exclude.iter().any(matches)
    }
}

impl Globs {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(written: &str) -> Result<Self, PatternFault> {
        let mut alternatives = vec![written.to_owned()];
        // Each round undoes the first braces of all alternatives; what is inside has no braces itself.
        while let Some(open) = alternatives[0].find('{') {
            let mut expanded = Vec::new();
            for pattern in &alternatives {
                let close = open + pattern[open..].find('}').ok_or(PatternFault::Syntax)?;
                let (before, within, after) =
                    (&pattern[..open], &pattern[open + 1..close], &pattern[close + 1..]);
                if within.contains('{') {
                    return Err(PatternFault::Syntax);
                }
                expanded.extend(within.split(',').map(|choice| format!("{before}{choice}{after}")));
            }
            if expanded.len() > MOST_ALTERNATIVES {
                return Err(PatternFault::Syntax);
            }
            // The next braces stand at another place in each: they are taken one pattern at a time.
            if expanded.iter().any(|pattern| pattern.contains('{')) {
                return Self::of_several(written, &expanded);
            }
            alternatives = expanded;
        }
        if alternatives.iter().any(|pattern| pattern.contains('}')) {
            return Err(PatternFault::Syntax);
        }
        let alternatives = alternatives.iter().map(|pattern| Pattern::new(pattern));
        Ok(Self {
            written: written.to_owned(),
            alternatives: alternatives
                .collect::<Result<_, _>>()
                .map_err(|_| PatternFault::Syntax)?,
        })
    }

    fn of_several(written: &str, patterns: &[String]) -> Result<Self, PatternFault> {
        let mut alternatives = Vec::new();
        for pattern in patterns {
            alternatives.extend(Self::parse(pattern)?.alternatives);
        }
        if alternatives.len() > MOST_ALTERNATIVES {
            return Err(PatternFault::Syntax);
        }
        Ok(Self {
            written: written.to_owned(),
            alternatives,
        })
    }

    /// As the user wrote it.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether it matches the whole name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.alternatives.iter().any(|pattern| pattern.matches(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Globs::parse(pattern).unwrap().matches(name)
    }

    #[test]
    fn globs_are_telegrafs() {
        for (pattern, yes, no) in [
            ("kube-*", "kube-system", "my-kube-system"),
            ("*", "", "\n\n impossible: see below"),
            ("app-?", "app-1", "app-12"),
            ("app-[0-9]", "app-7", "app-x"),
            ("app-[!0-9]", "app-x", "app-7"),
            ("{a,b}-{c,d}", "b-c", "b-e"),
            ("cpu_{psi,usage}_*", "cpu_psi_some_avg10", "memory_psi_some_avg10"),
            ("a.b", "a.b", "axb"),
        ] {
            assert!(matches(pattern, yes), "{pattern} {yes}");
            assert!(pattern == "*" || !matches(pattern, no), "{pattern} {no}");
        }
    }

    #[test]
    fn exclude_wins_and_an_empty_include_is_all() {
        let list = |patterns: &[&str]| {
            patterns
                .iter()
                .map(|p| Globs::parse(p).unwrap())
                .collect::<Vec<_>>()
        };
        let filter = Filter::new(list(&["a*"]), list(&["ab"])).unwrap();
        assert!(filter.lets_through("aa") && !filter.lets_through("ab") && !filter.lets_through("b"));
        let filter = Filter::new(Vec::new(), list(&["ab"])).unwrap();
        assert!(filter.lets_through("b") && !filter.lets_through("ab"));
        assert!(Filter::default().lets_through(""));
        assert_eq!(Filter::new(list(&["a"]), list(&["a"])), None);
        assert_eq!(Filter::new(Vec::new(), list(&["*"])), None);
    }

    proptest! {
        #[test]
        fn any_pattern_is_one_or_an_error(pattern in "[a-c{},*?!\\[\\]-]{0,24}", name in "[a-c-]{0,8}") {
            if let Ok(globs) = Globs::parse(&pattern) {
                let _ = globs.matches(&name);
            }
        }

        #[test]
        fn a_name_matches_itself_only(name in "[a-z0-9.-]{1,12}", other in "[a-z0-9.-]{1,12}") {
            prop_assert!(matches(&name, &name));
            prop_assert_eq!(matches(&name, &other), name == other);
        }
    }
}
