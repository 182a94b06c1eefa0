//! Which Kubernetes a kubelet is of at least: kubelets do not say their version, and what they tell says how old they are.

use std::collections::HashMap;

use influxdb_line_protocol::parse_lines;

use crate::lines::rows;

/// The newest minor version that any field of these lines came with; they have to be all that can be made of an answer,
/// under their default names.
pub fn newest(lines: &str) -> Option<u32> {
    let since: HashMap<_, _> = rows()
        .iter()
        .filter_map(|row| Some(((row.measurement, row.field), minor(row.since)?)))
        .collect();
    let lines = parse_lines(lines).flatten();
    let versions = lines.filter_map(|line| {
        let measurement = line.series.measurement.to_string();
        let of = |field: &str| since.get(&(measurement.as_str(), field)).copied();
        let fields = line.field_set.iter();
        fields.filter_map(|(field, _)| of(&field.to_string())).max()
    });
    versions.max()
}

/// The minor version in `1.33` and `1.24 to 1.36`.
fn minor(since: &str) -> Option<u32> {
    since.split(' ').next()?.strip_prefix("1.")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::AskedBy;

    #[test]
    fn each_field_has_a_version() {
        // What is known from /pods says nothing of the kubelet.
        for row in rows().iter().filter(|row| row.asked_by == AskedBy::Nobody) {
            assert!(minor(row.since) >= Some(3), "{}: {}", row.field, row.since);
        }
        assert_eq!(newest("kubernetes_node nothing=1 1\n"), None);
        assert_eq!(newest("kubernetes_pod swap_usage_bytes=0i 1\n"), Some(28));
    }
}
