//! Label selectors, as an API server reads them: equality and sets.

use std::collections::BTreeMap;

/// What is asked of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wants {
    Exists,
    Missing,
    OneOf(Vec<String>),
    /// Those without the label too.
    NoneOf(Vec<String>),
    Above(i64),
    Below(i64),
}

/// All of what is asked of an object's labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selector(Vec<(String, Wants)>);

impl Selector {
    /// Reads one; else what an API server says of it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let parts = split(text).into_iter().map(requirement);
        parts.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|(key, wants)| {
            let value = labels.get(key);
            let number = value.and_then(|value| value.parse::<i64>().ok());
            match wants {
                Wants::Exists => value.is_some(),
                Wants::Missing => value.is_none(),
                Wants::OneOf(values) => value.is_some_and(|value| values.contains(value)),
                Wants::NoneOf(values) => value.is_none_or(|value| !values.contains(value)),
                Wants::Above(bound) => number.is_some_and(|number| number > *bound),
                Wants::Below(bound) => number.is_some_and(|number| number < *bound),
            }
        })
    }
}

/// At the commas that are not in brackets.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    })
    .collect()
}

fn requirement(text: &str) -> Result<(String, Wants), String> {
    let text = text.trim();
    if let Some(key) = text.strip_prefix('!') {
        return Ok((checked_key(key)?, Wants::Missing));
    }
    if let Some(at) = text.find(['=', '!', '<', '>']) {
        let (key, rest) = text.split_at(at);
        let key = checked_key(key)?;
        let number = |text: &str| {
            let number = text.trim().parse();
            number
                .map_err(|_| format!("for 'Gt', 'Lt' operators, the value must be an integer, found {text}"))
        };
        let wants = match rest.as_bytes() {
            [b'!', b'=', ..] => Wants::NoneOf(vec![checked_value(&rest[2..])?]),
            [b'=', b'=', ..] => Wants::OneOf(vec![checked_value(&rest[2..])?]),
            [b'=', ..] => Wants::OneOf(vec![checked_value(&rest[1..])?]),
            [b'>', ..] => Wants::Above(number(&rest[1..])?),
            [b'<', ..] => Wants::Below(number(&rest[1..])?),
            _ => return Err(unreadable(&format!("found '{rest}', expected: an operator"))),
        };
        return Ok((key, wants));
    }
    let Some((key, rest)) = text.split_once(char::is_whitespace) else {
        return Ok((checked_key(text)?, Wants::Exists));
    };
    let rest = rest.trim();
    let (negative, list) = match (rest.strip_prefix("notin"), rest.strip_prefix("in")) {
        (Some(list), _) => (true, list),
        (None, Some(list)) => (false, list),
        (None, None) => {
            return Err(unreadable(&format!(
                "found '{rest}', expected: in, notin, =, ==, !=, gt, lt"
            )));
        }
    };
    let list = list
        .trim()
        .strip_prefix('(')
        .and_then(|list| list.strip_suffix(')'));
    let Some(list) = list else {
        return Err(unreadable(&format!("found '{rest}', expected: '('")));
    };
    let values = list.split(',').map(checked_value).collect::<Result<_, _>>()?;
    let wants = if negative {
        Wants::NoneOf(values)
    } else {
        Wants::OneOf(values)
    };
    Ok((checked_key(key)?, wants))
}

fn unreadable(why: &str) -> String {
    format!("unable to parse requirement: {why}")
}

/// The prefix is not looked at as closely as an API server does.
fn checked_key(key: &str) -> Result<String, String> {
    let key = key.trim();
    let name = key.rsplit('/').next().unwrap_or_default();
    if name.is_empty() || !fits(name) || key.contains(char::is_whitespace) {
        return Err(unreadable(&format!(
            "<nil>: Invalid value: \"{key}\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
        )));
    }
    Ok(key.to_owned())
}

fn checked_value(value: &str) -> Result<String, String> {
    let value = value.trim();
    if !fits(value) {
        return Err(unreadable(&format!(
            "values[0][]: Invalid value: \"{value}\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
        )));
    }
    Ok(value.to_owned())
}

/// Empty, or as a label's value has to be.
fn fits(text: &str) -> bool {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let ends = [text.as_bytes().first(), text.as_bytes().last()];
    let ends = ends.into_iter().flatten().all(u8::is_ascii_alphanumeric);
    text.len() <= 63 && ends && text.as_bytes().iter().all(inside)
}

#[cfg(test)]
mod tests {
    use super::Selector;

    #[test]
    fn which_labels_it_matches() {
        let labels = [("os", "linux"), ("zone", "a"), ("empty", ""), ("n", "7")];
        let labels = labels
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        for (text, matches) in [
            ("", true),
            ("os", true),
            ("!os", false),
            ("! gone", true),
            ("os=linux", true),
            ("os == linux , zone != b", true),
            ("zone!=a", false),
            ("gone!=a", true),
            ("gone", false),
            ("zone in (a,b)", true),
            ("zone in (b, c)", false),
            ("zone notin (b,c),os", true),
            ("gone notin (b)", true),
            ("gone in (b)", false),
            ("empty=", true),
            ("empty in (,x)", true),
            ("n>6,n<8", true),
            ("n>7", false),
        ] {
            let selector = Selector::read(text).expect(text);
            assert_eq!(selector.matches(&labels), matches, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read() {
        for text in [
            "a b", "a in b", "a in (b", "=x", "a=b c", "a,,b", "n>x", "a!b", "-a", "a=-",
        ] {
            assert!(Selector::read(text).is_err(), "{text}");
        }
    }
}
