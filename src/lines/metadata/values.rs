//! What an answer tells of one pod or container, as text, until its fields are made of it.

use std::ops::Range;

use crate::lines::value::push_number;

/// Makes of each word a place of a value, and says how many there are.
macro_rules! values {
    ($(#[$about:meta])* $name:ident { $($value:ident),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is the field that is made of it, and the schema says of what")]
        pub enum $name { $($value),* }

        impl $name {
            pub(super) const COUNT: usize = [$(Self::$value),*].len();
        }
    };
}

values! {
    /// What can be known of a pod.
    PodValue {
        Phase, PhaseReason, Ready,
        RequestsCpu, RequestsMemory, RequestsEphemeralStorage, LimitsCpu, LimitsMemory, LimitsEphemeralStorage,
    }
}

values! {
    /// What can be known of a container.
    ContainerValue {
        Restarts, StateCode, StateReason, Ready, LastReason, LastExitCode, LastTime,
        RequestsCpu, RequestsMemory, RequestsEphemeralStorage, LimitsCpu, LimitsMemory, LimitsEphemeralStorage,
    }
}

values! {
    /// What others are a part of.
    Amount {
        RequestsCpu, RequestsMemory, RequestsEphemeralStorage, LimitsCpu, LimitsMemory, LimitsEphemeralStorage,
    }
}

/// As many as either has.
const MOST: usize = if PodValue::COUNT > ContainerValue::COUNT {
    PodValue::COUNT
} else {
    ContainerValue::COUNT
};

/// Those of one pod or container.
#[derive(Debug, Default)]
pub(super) struct Values {
    text: Vec<u8>,
    places: [Range<usize>; MOST],
}

impl Values {
    /// None yet.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.places = Default::default();
    }

    /// The value of that place; nothing that is absent has any text.
    pub(super) fn set(&mut self, place: usize, text: &[u8]) {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        self.places[place] = start..self.text.len();
    }

    /// The same, of a number.
    pub(super) fn set_number(&mut self, place: usize, number: u64) {
        let start = self.text.len();
        push_number(&mut self.text, number);
        self.places[place] = start..self.text.len();
    }

    /// What is there, empty where that is nothing.
    pub(super) fn get(&self, place: usize) -> &[u8] {
        &self.text[self.places[place].clone()]
    }
}
