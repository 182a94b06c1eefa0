use super::*;
use proptest::prelude::*;

const MOST: u64 = i64::MAX.unsigned_abs();

/// Each text with its thousandths and its whole ones, as `MilliValue()` and `Value()` have them.
#[test]
fn reads_what_kubernetes_reads() {
    for (text, thousandths, whole_ones) in [
        // The grammar, in the comment on `Quantity` (apimachinery, quantity.go).
        ("0", 0, 0),
        ("1", 1_000, 1),
        ("+1", 1_000, 1),
        ("1.5", 1_500, 2),
        ("1.", 1_000, 1),
        (".5", 500, 1),
        ("007", 7_000, 7),
        ("1.Gi", 1_000 << 30, 1 << 30),
        // The units (suffix.go).
        ("1n", 1, 1),
        ("1u", 1, 1),
        ("1m", 1, 1),
        ("1k", 1_000_000, 1_000),
        ("1M", 1_000_000_000, 1_000_000),
        ("1G", 1_000_000_000_000, 1_000_000_000),
        ("1T", 1_000_000_000_000_000, 1_000_000_000_000),
        ("1P", 1_000_000_000_000_000_000, 1_000_000_000_000_000),
        ("0.001E", 1_000_000_000_000_000_000, 1_000_000_000_000_000),
        ("1Ki", 1_000 << 10, 1 << 10),
        ("1Mi", 1_000 << 20, 1 << 20),
        ("1Gi", 1_000 << 30, 1 << 30),
        ("1Ti", 1_000 << 40, 1 << 40),
        ("1Pi", 1_000 << 50, 1 << 50),
        // Exponents, of either letter, with a sign or without (suffix.go, `interpret`).
        ("1e3", 1_000_000, 1_000),
        ("1E3", 1_000_000, 1_000),
        ("1E+3", 1_000_000, 1_000),
        ("1e-3", 1, 1),
        ("1.5e0", 1_500, 2),
        ("0e999999999", 0, 0),
        ("1e-999999999", 1, 1),
        // Up and never down (amount.go, `AsScaledInt64`; the least one in quantity.go, `ParseQuantity`).
        ("1001u", 2, 1),
        ("1000u", 1, 1),
        ("2000000n", 2, 1),
        ("2000001n", 3, 1),
        ("0.1n", 1, 1),
        ("1000.0000000000000000001m", 1_001, 2),
        ("1.1Ki", 1_126_400, 1_127),
        ("1.5Gi", 1_536_000 << 20, 1_536 << 20),
        ("0.0000000000000000000000000001Ei", 1, 1),
        // What a kubelet 1.37.2 printed at `/pods`.
        ("4192m", 4_192, 5),
        ("100M", 100_000_000_000, 100_000_000),
        ("48Mi", 48_000 << 20, 48 << 20),
        // inputs.kube_inventory could not read these (telegraf#9535).
        ("0.5", 500, 1),
        ("2147483648m", 2_147_483_648, 2_147_484),
        // Less than nothing it is not.
        ("-0", 0, 0),
        ("-0.000m", 0, 0),
    ] {
        assert_eq!(milli(text), Some(thousandths), "{text}");
        assert_eq!(whole(text), Some(whole_ones), "{text}");
    }
}

#[test]
fn what_is_no_quantity_is_left_out() {
    for text in [
        "",
        " ",
        "x",
        "1 ",
        " 1",
        "1 Gi",
        "1,5",
        "1_000",
        "1.5.5",
        "--1",
        "+-1",
        "1e",
        "1e+",
        "1e3.5",
        "1eE3",
        "1e3i",
        "1e3k",
        "1e99999999999999999999",
        "1EE",
        "1K",
        "1ki",
        "1KI",
        "1Kib",
        "1mi",
        "1i",
        "1g",
        "1M3",
        "1mm",
        "0x10",
        "١",
        "1µ",
        "NaN",
        "inf",
        "null",
        // apimachinery takes these for 0.
        "+",
        "-",
        ".",
        "Ki",
        ".m",
        // Less than nothing.
        "-1",
        "-1Gi",
        "-0.0000000000000000000000001",
    ] {
        assert_eq!(whole(text), None, "{text:?}");
        assert_eq!(milli(text), None, "{text:?}");
    }
}

#[test]
fn what_no_i64_holds_is_left_out_and_never_capped() {
    for (text, thousandths, whole_ones) in [
        ("9223372036854775807", None, Some(MOST)),
        ("9223372036854775806.00000000000000000001", None, Some(MOST)),
        ("9223372036854775807.00000000000000000001", None, None),
        ("9223372036854775808", None, None),
        ("9223372036854775807m", Some(MOST), Some(9_223_372_036_854_776)),
        ("9223372036854775808m", None, Some(9_223_372_036_854_776)),
        (
            "9223372036854775807000000n",
            Some(MOST),
            Some(9_223_372_036_854_776),
        ),
        ("7Ei", None, Some(7 << 60)),
        ("8Ei", None, None),
        ("7.9999999999999999999999999999Ei", None, None),
        ("9E", None, Some(9_000_000_000_000_000_000)),
        ("10E", None, None),
        ("9007199254740988Ki", None, Some(9_223_372_036_854_771_712)),
        ("9007199254740992Ki", None, None),
        ("1e18", None, Some(1_000_000_000_000_000_000)),
        ("1e19", None, None),
        ("1e999999999", None, None),
        ("1e9223372036854775807", None, None),
        ("100000000000000000000000000000e-29", Some(1_000), Some(1)),
    ] {
        assert_eq!(whole(text), whole_ones, "{text}");
        assert_eq!(milli(text), thousandths, "{text}");
    }
}

/// The same by one division of two numbers, which have room for what [`written`] writes.
fn slowly(digits: u64, behind: u32, unit: &str, places: u32) -> Option<u64> {
    let ten = |power| 10_u128.pow(power);
    let (above, below) = match unit {
        "n" => (1, ten(9)),
        "u" => (1, ten(6)),
        "m" => (1, ten(3)),
        "" => (1, 1),
        "k" => (ten(3), 1),
        "M" => (ten(6), 1),
        "G" => (ten(9), 1),
        "T" => (ten(12), 1),
        "P" => (ten(15), 1),
        "E" => (ten(18), 1),
        "Ki" => (1024, 1),
        "Mi" => (1024_u128.pow(2), 1),
        "Gi" => (1024_u128.pow(3), 1),
        "Ti" => (1024_u128.pow(4), 1),
        "Pi" => (1024_u128.pow(5), 1),
        "Ei" => (1024_u128.pow(6), 1),
        exponent => match exponent[1..].parse::<i32>().unwrap() {
            less @ ..0 => (1, ten(less.unsigned_abs())),
            more => (ten(more.unsigned_abs()), 1),
        },
    };
    let above = u128::from(digits) * above * ten(places);
    let value = above.div_ceil(below * ten(behind));
    u64::try_from(value).ok().filter(|value| *value <= MOST)
}

fn written(digits: u64, behind: u32, unit: &str) -> String {
    let digits = format!("{digits:0width$}", width = behind as usize + 1);
    let (before, behind) = digits.split_at(digits.len() - behind as usize);
    let point = if behind.is_empty() { "" } else { "." };
    format!("{before}{point}{behind}{unit}")
}

fn unit() -> impl Strategy<Value = String> {
    const UNITS: &[&str] = &[
        "n", "u", "m", "", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    prop_oneof![
        4 => prop::sample::select(UNITS).prop_map(str::to_owned),
        1 => ("[eE]", -20..=20).prop_map(|(letter, power)| format!("{letter}{power}")),
    ]
}

proptest! {
    #[test]
    fn agrees_with_one_division(
        digits in prop_oneof![0..100_u64, 0..1_000_000_000_000_u64],
        behind in 0..=12_u32,
        unit in unit(),
    ) {
        let text = written(digits, behind, &unit);
        prop_assert_eq!(milli(&text), slowly(digits, behind, &unit, 3), "{}", text);
        prop_assert_eq!(whole(&text), slowly(digits, behind, &unit, 0), "{}", text);
    }

    /// However long: what is rounded up to thousandths first is rounded up to the same whole ones.
    #[test]
    fn of_any_length_whole_ones_follow_from_thousandths(
        before in "[0-9]{1,3}0{0,40}", behind in "[0-9]{0,40}", unit in unit(),
    ) {
        let text = format!("{before}.{behind}{unit}");
        if let Some(thousandths) = milli(&text) {
            prop_assert_eq!(whole(&text), Some(thousandths.div_ceil(1_000)), "{}", text);
        }
    }

    #[test]
    fn zeros_that_say_nothing_change_nothing(
        before in "[0-9]{1,20}", behind in "[0-9]{1,20}", zeros in 0..50_usize, unit in unit(),
    ) {
        let text = format!("{before}.{behind}{unit}");
        let zeros = "0".repeat(zeros);
        let longer = format!("+{zeros}{before}.{behind}{zeros}{unit}");
        prop_assert_eq!(milli(&text), milli(&longer));
        prop_assert_eq!(whole(&text), whole(&longer));
    }

    #[test]
    fn more_is_never_less(
        digits in 0..u64::MAX, more in 1..1_000_u64, behind in 0..=20_u32, unit in unit(),
    ) {
        let less = written(digits.saturating_sub(more), behind, &unit);
        let more = written(digits, behind, &unit);
        for read in [milli, whole] {
            // `None` is too much.
            let (less, more) = (read(&less).unwrap_or(u64::MAX), read(&more).unwrap_or(u64::MAX));
            prop_assert!(less <= more, "{} and {}", less, more);
        }
    }

    #[test]
    fn no_text_panics(text in r"[-+0-9.eEinumkKMGTP\PC]{0,60}") {
        for value in [milli(&text), whole(&text)].into_iter().flatten() {
            prop_assert!(value <= MOST);
        }
    }
}

/// The smallest exponent of all moves the point no further than there are numbers for it.
#[test]
fn an_exponent_may_be_as_small_as_one_likes() {
    for text in [
        "1e-9223372036854775808",
        ".1e-9223372036854775808",
        ".1e-9223372036854775807",
    ] {
        assert_eq!((milli(text), whole(text)), (Some(1), Some(1)), "{text}");
    }
}
