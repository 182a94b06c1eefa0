//! A pod or container of the summary with what is known of it from `/pods`.

use std::ops::Deref;

use super::known::{ContainerKnown, ContainerValue, PodKnown, PodValue};
use crate::json::Whole;
use crate::summary::{Container, Pod};

/// A pod of the summary, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct JoinedPod<'a> {
    /// With everything absent, where the summary does not list it.
    pub of: &'a Pod<'a>,
    /// `None` where nothing is known, or wanted.
    pub known: Option<PodKnown<'a>>,
}

/// A container of the summary, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct JoinedContainer<'a> {
    /// With everything absent but its name, where the summary does not list it.
    pub of: &'a Container<'a>,
    /// `None` where nothing is known, or wanted.
    pub known: Option<ContainerKnown<'a>>,
}

impl<'a> Deref for JoinedPod<'a> {
    type Target = Pod<'a>;

    fn deref(&self) -> &Pod<'a> {
        self.of
    }
}

impl<'a> Deref for JoinedContainer<'a> {
    type Target = Container<'a>;

    fn deref(&self) -> &Container<'a> {
        self.of
    }
}

impl<'a> JoinedPod<'a> {
    /// A value, empty where it is absent.
    #[must_use]
    pub fn known(&self, value: PodValue) -> &'a [u8] {
        self.known.map_or(&[], |known| known.value(value))
    }

    /// The tag of its own line.
    #[must_use]
    pub fn qos(&self) -> &'a [u8] {
        self.known.map_or(&[], |known| known.qos())
    }

    /// So many thousand millionths of a processor as a part of that many thousandths.
    #[must_use]
    pub fn cpu_percent(&self, of: PodValue) -> Option<f64> {
        percent(number(self.cpu.usage_nano_cores)?, 1_000_000, self.known(of))
    }

    /// So many bytes as a part of that many.
    #[must_use]
    pub fn percent(&self, used: Whole<'_>, of: PodValue) -> Option<f64> {
        percent(number(used)?, 1, self.known(of))
    }
}

impl<'a> JoinedContainer<'a> {
    /// A value, empty where it is absent.
    #[must_use]
    pub fn known(&self, value: ContainerValue) -> &'a [u8] {
        self.known.map_or(&[], |known| known.value(value))
    }

    /// The tags of its own line.
    #[must_use]
    pub fn image(&self) -> &'a [u8] {
        self.known.map_or(&[], |known| known.tags())
    }

    /// So many thousand millionths of a processor as a part of that many thousandths.
    #[must_use]
    pub fn cpu_percent(&self, of: ContainerValue) -> Option<f64> {
        percent(number(self.cpu.usage_nano_cores)?, 1_000_000, self.known(of))
    }

    /// So many bytes as a part of that many.
    #[must_use]
    pub fn percent(&self, used: Whole<'_>, of: ContainerValue) -> Option<f64> {
        percent(number(used)?, 1, self.known(of))
    }

    /// What its writable layer and its logs take together, which is what the kubelet evicts by
    /// (`containerEphemeralStorageLimitEviction`): both have to be known.
    #[must_use]
    pub fn ephemeral_storage_percent(&self, of: ContainerValue) -> Option<f64> {
        let used = number(self.rootfs.used_bytes)?.checked_add(number(self.logs.used_bytes)?)?;
        percent(used, 1, self.known(of))
    }
}

/// A number that a field can hold: what is more wrapped below zero in the kubelet.
fn number(of: Whole<'_>) -> Option<u64> {
    to_number(of.token()).filter(|&number| i64::try_from(number).is_ok())
}

/// So many digits fit in any case.
const FIT: usize = 19;

/// By itself: the library's wants text first, and this is asked ten times for each container.
fn to_number(token: &[u8]) -> Option<u64> {
    let (head, tail) = token.split_at(token.len().min(FIT));
    let (mut number, mut all_digits) = (0_u64, !token.is_empty());
    for byte in head {
        let digit = byte.wrapping_sub(b'0');
        all_digits &= digit < 10;
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    let digit = |number: u64, byte: &u8| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    tail.iter().try_fold(number, digit).filter(|_| all_digits)
}

/// `None` where there is nothing that it would be a part of.
#[expect(
    clippy::cast_precision_loss,
    reason = "a float of 53 bits is what a field holds, and a part of 1e-16 is none that anybody sees"
)]
fn percent(used: u64, scale: u64, of: &[u8]) -> Option<f64> {
    let of = to_number(of).filter(|&of| of > 0)?;
    Some(used as f64 * 100.0 / (of as f64 * scale as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_part_is_in_percent_and_needs_a_whole() {
        assert_eq!(percent(50, 1, b"200"), Some(25.0));
        assert_eq!(percent(150_000_000, 1_000_000, b"100"), Some(150.0));
        for none in [&b""[..], b"0", b"x", b"18446744073709551616"] {
            assert_eq!(percent(50, 1, none), None);
        }
    }

    #[test]
    fn a_number_is_read_as_the_library_reads_it() {
        for token in [
            "",
            "0",
            "7",
            "-1",
            "+1",
            "1x",
            "x1",
            "1.5",
            "9999999999999999999",
            "09999999999999999999",
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999",
            "1844674407370955161x",
            "1844674407370955161:",
            "184467440737095516150",
        ] {
            let expected = token.parse().ok().filter(|_: &u64| !token.starts_with('+'));
            assert_eq!(to_number(token.as_bytes()), expected, "{token}");
        }
    }

    proptest! {
        #[test]
        fn any_number_is_read(number: u64) {
            prop_assert_eq!(to_number(number.to_string().as_bytes()), Some(number));
        }

        #[test]
        fn none_is_infinite_or_no_number(used: u64, of: u64) {
            for scale in [1, 1_000_000] {
                if let Some(percent) = percent(used, scale, of.to_string().as_bytes()) {
                    prop_assert!(percent.is_finite() && percent >= 0.0 && of > 0);
                }
            }
        }
    }
}
