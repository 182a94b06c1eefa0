//! What holds of lines, whatever they were made of.

use std::collections::BTreeSet;

/// Each parses, no line has a tag twice, and no series a time. How many there are.
pub fn check(lines: &str) -> u64 {
    let mut series = BTreeSet::new();
    for line in influxdb_line_protocol::parse_lines(lines) {
        let line = line.expect("every line parses");
        let mut tags = BTreeSet::new();
        for (key, value) in line.series.tag_set.iter().flatten() {
            assert!(
                tags.iter().all(|(other, _)| *other != key.to_string()),
                "{key} twice: {line}"
            );
            tags.insert((key.to_string(), value.to_string()));
        }
        let once = series.insert((line.series.measurement.to_string(), tags, line.timestamp));
        assert!(once, "twice: {line}");
    }
    series.len() as u64
}
