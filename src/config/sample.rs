//! The options as people read them: Telegraf's sample configuration and the README's table.
//!
//! Knows how a definition is shown; the words are `options`'.

use super::options::{self, Info, Sample};

/// Where the sample's prose is wrapped, its indent and `## ` included.
const WIDTH: usize = 79;

/// A configuration with every option commented, in the manner of Telegraf's own `sample.conf`.
#[must_use]
pub fn sample_config() -> String {
    let mut out = "# Read the metrics of a node and its pods from a kubelet's /stats/summary\n\
                   [[inputs.kubelet]]\n"
        .to_owned();
    for (index, info) in options::ALL.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let prose = wrapped(info.doc, WIDTH - "  ## ".len());
        out.extend(prose.iter().map(|line| format!("  ## {line}\n")));
        out.extend(["  # ", info.key, " = ", info.sample.toml(), "\n"]);
    }
    out
}

/// The options as a Markdown table.
#[must_use]
pub fn options_table() -> String {
    let mut out = "| Option | Type | Default | What it does |\n|---|---|---|---|\n".to_owned();
    for info in options::ALL {
        out.push_str(&row(info));
    }
    out
}

fn row(info: &Info) -> String {
    let default = match info.sample {
        Sample::Default(toml) => format!("`{toml}`"),
        Sample::Example(_) => "none".to_owned(),
    };
    format!(
        "| `{}` | {} | {default} | {} |\n",
        info.key,
        info.kind,
        info.doc.replace('|', "\\|")
    )
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_looks_like_telegrafs() {
        let sample = sample_config();
        // A value is as long as it is.
        let mut prose = sample.lines().filter(|line| !line.starts_with("  # "));
        assert!(prose.all(|line| line.len() <= WIDTH), "{sample}");
        assert!(sample.contains("\n  # response_timeout = \"5s\"\n"), "{sample}");
        assert_eq!(sample.matches("\n  # ").count(), options::ALL.len(), "{sample}");
    }

    #[test]
    fn the_table_has_a_row_of_four_cells_for_each_option() {
        let table = options_table();
        assert_eq!(table.lines().count(), options::ALL.len() + 2);
        assert!(
            table
                .lines()
                .all(|line| line.replace("\\|", "").matches('|').count() == 5),
            "{table}"
        );
        assert!(
            table.contains("| `response_timeout` | duration | `\"5s\"` | One deadline"),
            "{table}"
        );
    }
}
