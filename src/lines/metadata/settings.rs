//! What is wanted of `/pods`, as it was chosen. Nothing, unless it is asked for.

use crate::filter::Filter;

/// Makes of each row a group, and of all of them [`Group::ALL`], [`Group::WORDS`] and [`Group::of_word`].
macro_rules! groups {
    ($($(#[$about:meta])* $group:ident = $word:literal;)*) => {
        /// What can be asked for by a word.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Group {
            $($(#[$about])* $group,)*
        }

        impl Group {
            /// All of them, in the order in which people read them.
            pub const ALL: &[Self] = &[$(Self::$group,)*];

            /// Their words.
            pub const WORDS: &[&'static str] = &[$($word,)*];

            /// Its word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$group => $word,)*
                }
            }

            /// The one of that word.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$group),)*
                    _ => None,
                }
            }
        }
    };
}

groups! {
    /// A container's image and its version, as tags.
    Image = "image";
    /// A pod's controller, as tags.
    Owner = "owner";
    /// A pod's class of service, as a tag of its own line.
    Qos = "qos";
    /// How pods and containers are.
    Status = "status";
    /// What they may use, and what is kept for them.
    Resources = "resources";
    /// How much of that they use.
    Utilization = "utilization";
}

/// Several groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Groups(u8);

impl Groups {
    /// Those and this one.
    #[must_use]
    pub fn with(self, group: Group) -> Self {
        Self(self.0 | 1 << group as u8)
    }

    /// Whether it is among them.
    #[must_use]
    pub fn has(self, group: Group) -> bool {
        self.0 & 1 << group as u8 != 0
    }
}

impl FromIterator<Group> for Groups {
    fn from_iter<I: IntoIterator<Item = Group>>(groups: I) -> Self {
        groups.into_iter().fold(Self::default(), Self::with)
    }
}

/// What is wanted of `/pods`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Which labels become tags; `None` where none does.
    pub labels: Option<Filter>,
    /// Which annotations do.
    pub annotations: Option<Filter>,
    /// What else.
    pub groups: Groups,
    /// The network lines of pods on the host's network are left out: their numbers are the host's, and each sum over pods
    /// counts the node once more.
    pub own_network_only: bool,
}

impl Settings {
    /// Whether anything is: else `/pods` is not asked for.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_there_or_not() {
        for group in Group::ALL {
            assert_eq!(Group::of_word(group.word()), Some(*group));
            let groups: Groups = Group::ALL
                .iter()
                .copied()
                .filter(|other| other != group)
                .collect();
            assert!(!groups.has(*group) && groups.with(*group).has(*group));
        }
        assert_eq!(Group::of_word("everything"), None);
        assert!(!Settings::default().any());
    }
}
