//! Quantities as Kubernetes writes them: `250m` processors, `1.5Gi` bytes.
//!
//! Knows the grammar of apimachinery's `resource.Quantity` (`api/resource/quantity.go`, `suffix.go`) and its rounding, and
//! nothing of what is measured.
//!
//! It is exact, by integers alone, however many digits there are. Where apimachinery rounds twice, to billionths when it reads
//! and to the unit when it is asked, both go up, and once gives the same. In three things we tell less than it does:
//!
//! * More than an i64 holds is left out. It caps quantities with a binary unit at `i64::MAX`, and for the others its
//!   `Value()` and `MilliValue()` are wrong there without a word.
//! * Less than nothing is left out. It is a quantity, but none of a resource.
//! * A number needs a digit. Its scanner takes a sign, a point or a unit alone for 0, against its own grammar.
//!
//! None of the three is what an API server hands out for a container.

/// Thousandths, rounded up: processors in what `MilliValue()` gives.
///
/// `None` for what is no quantity, is less than nothing or is more than an i64 holds.
#[must_use]
pub fn milli(text: &str) -> Option<u64> {
    read(text, 3)
}

/// Whole ones, rounded up: bytes in what `Value()` gives.
///
/// `None` for what is no quantity, is less than nothing or is more than an i64 holds.
#[must_use]
pub fn whole(text: &str) -> Option<u64> {
    read(text, 0)
}

/// The quantity times ten to the power of `places`, rounded up.
fn read(text: &str, places: i64) -> Option<u64> {
    let (negative, text) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, unit) = Digits::split(text)?;
    let Unit { tens, factor } = Unit::of(unit)?;
    let value = digits.shifted(tens.saturating_add(places)).times(factor)?;
    (!negative || value == 0).then_some(value)
}

/// What stands behind a number: it is to be taken times ten to the power of `tens`, and times `factor`.
#[derive(Clone, Copy)]
struct Unit {
    tens: i64,
    factor: u128,
}

impl Unit {
    fn of(text: &str) -> Option<Self> {
        let decimal = |tens| Some(Self { tens, factor: 1 });
        let binary = |bits| {
            let factor = 1_u128 << bits;
            Some(Self { tens: 0, factor })
        };
        match text {
            "n" => decimal(-9),
            "u" => decimal(-6),
            "m" => decimal(-3),
            "" => decimal(0),
            "k" => decimal(3),
            "M" => decimal(6),
            "G" => decimal(9),
            "T" => decimal(12),
            "P" => decimal(15),
            "E" => decimal(18),
            "Ki" => binary(10),
            "Mi" => binary(20),
            "Gi" => binary(30),
            "Ti" => binary(40),
            "Pi" => binary(50),
            "Ei" => binary(60),
            // Only now: `1E` is a unit, `1E3` an exponent.
            _ => decimal(text.strip_prefix(['e', 'E'])?.parse().ok()?),
        }
    }
}

/// A number without its sign: its digits, and where its point is.
#[derive(Clone, Copy)]
struct Digits<'a> {
    before: &'a [u8],
    behind: &'a [u8],
    /// How many digits are before the point. Less than none, or more than there are, is as if there were zeros.
    point: i64,
}

impl<'a> Digits<'a> {
    /// The number that a text begins with, and what is behind it.
    fn split(text: &'a str) -> Option<(Self, &'a str)> {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (before, rest) = text.split_at(digits(text));
        let (behind, rest) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(digits(rest)),
            None => ("", rest),
        };
        let read = Self {
            before: before.as_bytes(),
            behind: behind.as_bytes(),
            point: i64::try_from(before.len()).ok()?,
        };
        (read.count() > 0).then_some((read, rest))
    }

    /// The number with its point so many places to the right.
    fn shifted(mut self, places: i64) -> Self {
        self.point = self.point.saturating_add(places);
        self
    }

    fn count(&self) -> usize {
        self.before.len() + self.behind.len()
    }

    fn digits(self) -> impl DoubleEndedIterator<Item = u128> {
        let digits = self.before.iter().chain(self.behind);
        digits.map(|digit| u128::from(digit - b'0'))
    }

    /// The number times a `factor` of at most 2 to the power of 60, rounded up; `None` for more than an i64 holds.
    fn times(self, factor: u128) -> Option<u64> {
        const MOST: u128 = i64::MAX.unsigned_abs() as u128;
        let zeros_before = self.point.min(0).unsigned_abs();
        let whole_digits = usize::try_from(self.point.max(0)).unwrap_or(usize::MAX);

        let mut whole = 0;
        for digit in self.digits().take(whole_digits) {
            whole = whole * 10 + digit;
            if whole > MOST {
                return None;
            }
        }
        // The zeros that were not written: there can be any number of them, but only behind nothing else than zeros.
        for _ in self.count()..whole_digits {
            if whole == 0 {
                break;
            }
            whole *= 10;
            if whole > MOST {
                return None;
            }
        }

        // What is behind the point, from its end: of a tenth of a tenth only the whole part and whether there was more are
        // needed, and no digit after it can make a whole number of what is none.
        let (mut part, mut more) = (0, false);
        let mut tenth = |digit: u128| {
            part += digit * factor;
            more |= part % 10 != 0;
            part /= 10;
            part
        };
        let behind = self.count().saturating_sub(whole_digits);
        for digit in self.digits().rev().take(behind) {
            tenth(digit);
        }
        for _ in 0..zeros_before {
            if tenth(0) == 0 {
                break;
            }
        }

        let value = whole * factor + part + u128::from(more);
        u64::try_from(value)
            .ok()
            .filter(|value| u128::from(*value) <= MOST)
    }
}

#[cfg(test)]
mod tests;
