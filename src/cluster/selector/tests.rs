use super::*;
use proptest::prelude::*;

fn read(text: &str) -> String {
    match Selector::parse(text) {
        Ok(selector) => selector.to_string(),
        Err(error) => panic!("{text:?}: {error}"),
    }
}

#[test]
fn what_kubectl_takes() {
    let long = "a".repeat(63);
    let long = format!("{0}/{long}={long}", "b".repeat(253));
    for (text, want) in [
        ("", ""),
        (" \t\r\n", ""),
        ("a=b", "a=b"),
        (" a = b ", "a=b"),
        ("a==b", "a==b"),
        ("a!=b", "a!=b"),
        ("a", "a"),
        ("!a", "!a"),
        ("! a", "!a"),
        ("a,b", "a,b"),
        ("b , !a", "b,!a"),
        ("a=", "a="),
        ("a=,b", "a=,b"),
        ("a!=", "a!="),
        ("a in (b)", "a in (b)"),
        ("a in(c,b,b)", "a in (b,c)"),
        ("a notin ( c , b )", "a notin (b,c)"),
        ("a in ()", "a in ()"),
        ("a in (,)", "a in ()"),
        ("a in (b,)", "a in (,b)"),
        ("a in (b,,c)", "a in (,b,c)"),
        ("in in (in,notin)", "in in (in,notin)"),
        ("notin", "notin"),
        ("in=in", "in=in"),
        ("!in", "!in"),
        ("a>5", "a>5"),
        ("a < 007", "a<007"),
        ("a>9223372036854775807", "a>9223372036854775807"),
        (
            "kubernetes.io/os=linux,node-role.kubernetes.io/control-plane!=",
            "kubernetes.io/os=linux,node-role.kubernetes.io/control-plane!=",
        ),
        ("A_b.C-d=X_y.Z-0", "A_b.C-d=X_y.Z-0"),
        (
            "eks.amazonaws.com/compute-type=fargate,x,!y,z in (a, b)",
            "eks.amazonaws.com/compute-type=fargate,x,!y,z in (a,b)",
        ),
        (&long, &long),
    ] {
        if text == "a ! = b" {
            assert!(Selector::parse(text).is_err(), "an operator has no space in it");
            continue;
        }
        assert_eq!(
            read(text),
            if want.is_empty() { text.trim() } else { want },
            "{text:?}"
        );
    }
}

#[test]
fn what_it_does_not_is_told_with_its_place() {
    let (key, value) = ("a".repeat(64), format!("x={}", "a".repeat(64)));
    let prefix = format!("{}/a", "b".repeat(254));
    for (text, at, fault) in [
        ("=b", 0, Fault::NoKey),
        (",", 0, Fault::NoKey),
        ("a,", 2, Fault::NoKey),
        ("a,,b", 2, Fault::NoKey),
        ("!", 1, Fault::NoKey),
        ("!!a", 1, Fault::NoKey),
        ("(a)", 0, Fault::NoKey),
        ("a b", 2, Fault::Operator),
        ("a in", 4, Fault::NoList),
        ("a in b", 5, Fault::NoList),
        ("a IN (b)", 2, Fault::Operator),
        ("a not in (b)", 2, Fault::Operator),
        ("a !b", 2, Fault::Operator),
        ("a ! = b", 2, Fault::Operator),
        ("a (b)", 2, Fault::Operator),
        ("a in (b", 7, Fault::List),
        ("a in (b c)", 8, Fault::List),
        ("a in (b=c)", 7, Fault::List),
        ("a in ((b))", 6, Fault::List),
        ("a=b c=d", 4, Fault::Comma),
        ("a=b=c", 3, Fault::Comma),
        ("a===b", 3, Fault::OneValue),
        ("a=!b", 2, Fault::OneValue),
        ("a=(b)", 2, Fault::OneValue),
        ("!a=b", 2, Fault::Comma),
        ("!a in (b)", 3, Fault::Comma),
        ("a in (b) c", 9, Fault::Comma),
        ("a;b", 0, Fault::Key(Part::Name)),
        ("ä=b, ü", 0, Fault::Key(Part::Name)),
        ("a=ä,b=;", 2, Fault::Value),
        ("a=-b", 2, Fault::Value),
        ("a=b-", 2, Fault::Value),
        ("a=\"b\"", 2, Fault::Value),
        ("a in (b,c/d)", 8, Fault::Value),
        ("-a", 0, Fault::Key(Part::Name)),
        ("/a", 0, Fault::Key(Part::Prefix)),
        ("A.b/c", 0, Fault::Key(Part::Prefix)),
        ("a..b/c", 0, Fault::Key(Part::Prefix)),
        ("a/", 0, Fault::Key(Part::Name)),
        ("a/b/c", 0, Fault::Key(Part::Slashes)),
        ("a\0", 0, Fault::Key(Part::Name)),
        ("a>", 2, Fault::Number),
        ("a>b", 2, Fault::Number),
        ("a>1.5", 2, Fault::Number),
        ("a>9223372036854775808", 2, Fault::Number),
        ("a>-5", 2, Fault::Value),
        ("a>=5", 2, Fault::OneValue),
        (&key, 0, Fault::Key(Part::Name)),
        (&value, 2, Fault::Value),
        (&prefix, 0, Fault::Key(Part::Prefix)),
        (&"a,".repeat(1025), 0, Fault::TooLong),
    ] {
        assert_eq!(
            Selector::parse(text),
            Err(SelectorError { at, fault }),
            "{text:?}"
        );
    }
    // Characters, not bytes.
    let behind = Selector::parse("a=b,c in (d),\u{a0}").unwrap_err();
    assert_eq!(behind.at, 13);
    let told = Selector::parse("a, b c").unwrap_err().to_string();
    assert!(
        told.starts_with("at character 6: an operator is missing"),
        "{told}"
    );
}

#[test]
fn it_stands_in_a_query() {
    let selector = Selector::parse("a/b in (c,d), !e").unwrap();
    assert_eq!(selector.as_query(), "a%2Fb%20in%20%28c%2Cd%29%2C%21e");
    assert!(!selector.is_all() && Selector::parse(" ").unwrap().is_all());
}

/// A selector in pieces, between any of which there may be spaces, and what is made of it.
fn written() -> impl Strategy<Value = (Vec<String>, String)> {
    let key = "([a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?(\\.[a-z0-9]{1,3}){0,2}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,5}[A-Za-z0-9])?";
    let value = || "([A-Za-z0-9]([A-Za-z0-9._-]{0,5}[A-Za-z0-9])?)?";
    let some = prop::collection::vec(value(), 1..4);
    let rest = prop_oneof![
        Just((Vec::new(), String::new())),
        (prop::sample::select(vec!["=", "==", "!="]), value())
            .prop_map(|(sign, value)| (vec![sign.to_owned(), value.clone()], format!("{sign}{value}"))),
        (prop::sample::select(vec!["<", ">"]), 0..i64::MAX).prop_map(|(sign, number)| (
            vec![sign.to_owned(), number.to_string()],
            format!("{sign}{number}")
        )),
        (prop::sample::select(vec!["in", "notin"]), some).prop_map(|(word, values)| {
            let list = values
                .iter()
                .flat_map(|value| [",".to_owned(), value.clone()])
                .skip(1);
            let begins = [format!(" {word}"), "(".to_owned()].into_iter();
            let pieces = begins.chain(list).chain([")".to_owned()]).collect();
            let mut sorted = values;
            sorted.sort();
            sorted.dedup();
            (pieces, format!(" {word} ({})", sorted.join(",")))
        }),
    ];
    let requirement = prop_oneof![
        key.prop_map(|key: String| (vec!["!".to_owned(), key.clone()], format!("!{key}"))),
        (key, rest).prop_map(|(key, (pieces, rest))| {
            let pieces = std::iter::once(key.clone()).chain(pieces).collect();
            (pieces, key + &rest)
        }),
    ];
    prop::collection::vec(requirement, 1..5).prop_map(|requirements: Vec<(Vec<String>, String)>| {
        let want: Vec<_> = requirements.iter().map(|(_, want)| want.clone()).collect();
        let pieces: Vec<_> = requirements.into_iter().map(|(pieces, _)| pieces).collect();
        (pieces.join(&",".to_owned()), want.join(","))
    })
}

proptest! {
    #[test]
    fn spaces_and_the_order_of_values_mean_nothing(
        (pieces, want) in written(),
        spaces in prop::collection::vec("[ \t]{0,2}", 1..8),
    ) {
        let spaces = spaces.iter().cycle();
        let text: String = pieces.iter().zip(spaces).flat_map(|(piece, space)| [piece.as_str(), space]).collect();
        prop_assert_eq!(Selector::parse(&text).map(|selector| selector.to_string()), Ok(want), "{:?}", text);
    }

    #[test]
    fn whatever_is_taken_is_taken_again(text in "[a-c/ (),=!<>0-9ä-]{0,24}|(a|in|notin|[=!<>(),]| ){0,16}|.{0,40}") {
        match Selector::parse(&text) {
            Ok(selector) => {
                let written = selector.to_string();
                prop_assert_eq!(Selector::parse(&written), Ok(selector.clone()));
                prop_assert!(selector.as_query().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
            }
            Err(error) => prop_assert!(error.at <= text.chars().count()),
        }
    }
}
