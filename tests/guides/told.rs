//! What a program says, as a page shows it, and compared without what differs from run to run.

/// Lines of at most this width, which go on below what they say.
pub fn wrapped(text: &str) -> String {
    const WIDTH: usize = 116;
    const BELOW: usize = 27;
    let mut out = String::new();
    for line in text.lines() {
        let mut rest = line;
        let mut width = WIDTH;
        while rest.chars().count() > width {
            let fits = rest.char_indices().nth(width).map_or(rest.len(), |(at, _)| at);
            let Some(at) = rest[..fits]
                .rfind(' ')
                .filter(|at| !rest[..*at].trim().is_empty())
            else {
                break;
            };
            out.extend([rest[..at].trim_end(), "\n", &" ".repeat(BELOW)]);
            rest = &rest[at + 1..];
            width = WIDTH - BELOW;
        }
        out.push_str(rest);
        out.push('\n');
    }
    out.trim_end().to_owned() + "\n"
}

/// Words without what differs from run to run: dates, counts, keys.
pub fn masked(text: &str) -> Vec<String> {
    let mask = |word: &str| {
        let bare = word.trim_matches(|character: char| "(),;\"".contains(character));
        let number = bare
            .chars()
            .all(|character| character.is_ascii_digit() || "-:".contains(character));
        let mode = bare.len() == 4 && bare.starts_with('0');
        let key = bare.len() == 44 && bare.ends_with('=');
        match word.split_once('@') {
            Some((before, _)) => before.to_owned(),
            None if !bare.is_empty() && (number && !mode || key) => word.replace(bare, "#"),
            None => word.to_owned(),
        }
    };
    text.split_whitespace().map(mask).collect()
}

#[test]
fn what_differs_from_run_to_run_is_masked_and_nothing_else() {
    let same = |one: &str, other: &str| masked(one) == masked(other);
    assert!(same(
        "until 2026-11-24 20:52:12 UTC (89 days left)",
        "until 2027-01-02\n  03:04:05 UTC (1 days left)"
    ));
    assert!(!same("mode 0640", "mode 0600"));
    assert!(!same("10.0.0.7:10250", "10.0.0.8:10250"));
    assert!(!same("all well", "all ill"));
    let long = format!("  ok       tls             {}", "some words ".repeat(30));
    assert!(same(&wrapped(&long), &long));
    assert!(
        wrapped(&long)
            .lines()
            .all(|line| line.len() <= 116 && line.starts_with("  "))
    );
}
