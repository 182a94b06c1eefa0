//! A pod or container of the summary with what is known of it from `/pods`.

use std::ops::Deref;

use super::known::{ContainerKnown, PodKnown};
use super::ready::Ready;
use super::settings::Group;
use super::values::Amount;
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
    /// The fields of a group.
    #[must_use]
    pub fn ready(&self, group: Group) -> Ready<'a> {
        self.known.map_or_else(Ready::default, |known| known.ready(group))
    }

    fn amount(&self, of: Amount) -> u64 {
        self.known.map_or(0, |known| known.amount(of))
    }

    /// The tag of its own line.
    #[must_use]
    pub fn qos(&self) -> &'a [u8] {
        self.known.map_or(&[], |known| known.qos())
    }

    /// So many thousand millionths of a processor as a part of that many thousandths.
    #[must_use]
    pub fn cpu_percent(&self, of: Amount) -> Option<f64> {
        percent(self.amount(of), 1_000_000, || number(self.cpu.usage_nano_cores))
    }

    /// So many bytes as a part of that many.
    #[must_use]
    pub fn percent(&self, used: Whole<'_>, of: Amount) -> Option<f64> {
        percent(self.amount(of), 1, || number(used))
    }
}

impl<'a> JoinedContainer<'a> {
    /// The fields of a group.
    #[must_use]
    pub fn ready(&self, group: Group) -> Ready<'a> {
        self.known.map_or_else(Ready::default, |known| known.ready(group))
    }

    fn amount(&self, of: Amount) -> u64 {
        self.known.map_or(0, |known| known.amount(of))
    }

    /// The tags of its own line.
    #[must_use]
    pub fn image(&self) -> &'a [u8] {
        self.known.map_or(&[], |known| known.tags())
    }

    /// So many thousand millionths of a processor as a part of that many thousandths.
    #[must_use]
    pub fn cpu_percent(&self, of: Amount) -> Option<f64> {
        percent(self.amount(of), 1_000_000, || number(self.cpu.usage_nano_cores))
    }

    /// So many bytes as a part of that many.
    #[must_use]
    pub fn percent(&self, used: Whole<'_>, of: Amount) -> Option<f64> {
        percent(self.amount(of), 1, || number(used))
    }

    /// What its writable layer and its logs take together, which is what the kubelet evicts by
    /// (`containerEphemeralStorageLimitEviction`): both have to be known.
    #[must_use]
    pub fn ephemeral_storage_percent(&self, of: Amount) -> Option<f64> {
        percent(self.amount(of), 1, || {
            number(self.rootfs.used_bytes)?.checked_add(number(self.logs.used_bytes)?)
        })
    }
}

/// A number that a field can hold: what is more wrapped below zero in the kubelet.
fn number(of: Whole<'_>) -> Option<u64> {
    to_number(of.token()).filter(|&number| i64::try_from(number).is_ok())
}

/// So many digits fit in any case.
const FIT: usize = 19;

/// By itself: the library's wants text first and goes digit by digit, and this is asked ten times for each container.
fn to_number(token: &[u8]) -> Option<u64> {
    if token.is_empty() || token.len() > FIT {
        // The library takes a sign as well.
        let is_digit = token.first().is_some_and(u8::is_ascii_digit);
        return std::str::from_utf8(token).ok()?.parse().ok().filter(|_| is_digit);
    }
    let (eights, rest) = token.as_chunks();
    let mut number = 0;
    for eight in eights {
        number = number * 100_000_000 + of_eight_digits(*eight)?;
    }
    for byte in rest {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number = number * 10 + digit;
    }
    Some(number)
}

/// Of digits to pairs, of pairs to fours, of fours to the number: each step adds to ten times, a hundred times, ten thousand
/// times what stands in the lower half of a place that in the upper half, for the first digit is the lowest byte.
fn of_eight_digits(digits: [u8; 8]) -> Option<u64> {
    let ones = u64::from_le_bytes([1; 8]);
    let digits = u64::from_le_bytes(digits) ^ (ones * u64::from(b'0'));
    if (digits.wrapping_add(ones * (0x80 - 10)) | digits) & (ones * 0x80) != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul((10 << 8) + 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul((100 << 16) + 1) >> 16 & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul((10_000 << 32) + 1) >> 32)
}

/// `None` where there is nothing that it would be a part of.
#[expect(
    clippy::cast_precision_loss,
    reason = "a float of 53 bits is what a field holds, and a part of 1e-16 is none that anybody sees"
)]
fn percent(of: u64, scale: u64, used: impl FnOnce() -> Option<u64>) -> Option<f64> {
    if of == 0 {
        return None;
    }
    Some(used()? as f64 * 100.0 / (of as f64 * scale as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_part_is_in_percent_and_needs_a_whole() {
        assert_eq!(percent(200, 1, || Some(50)), Some(25.0));
        assert_eq!(percent(100, 1_000_000, || Some(150_000_000)), Some(150.0));
        assert_eq!(percent(0, 1, || Some(50)), None);
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
            "12345678",
            "1234567:",
            "/2345678",
            "1234567812345678",
            "123456781234567812",
            "12345678\u{e9}1234567",
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
                if let Some(percent) = percent(of, scale, || Some(used)) {
                    prop_assert!(percent.is_finite() && percent >= 0.0 && of > 0);
                }
            }
        }
    }
}
