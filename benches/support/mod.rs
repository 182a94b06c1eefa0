//! What the benches of whole processes share: what the system knows of one.

use std::fs;

/// Nanoseconds of processor time of all threads so far.
pub fn processor(pid: u32) -> Result<u64, Box<dyn std::error::Error>> {
    let mut total = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        total += text
            .split(' ')
            .next()
            .ok_or("an empty schedstat")?
            .parse::<u64>()?;
    }
    Ok(total)
}

/// What of its memory is resident, in kB.
pub fn resident(pid: u32) -> Result<u64, Box<dyn std::error::Error>> {
    status(pid, "VmRSS:")
}

/// What the system says of one under this key, in kB.
pub fn status(pid: u32, key: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or_else(|| format!("no {key}"))?.parse()?)
}

/// How many times `unit`.
#[expect(
    clippy::cast_precision_loss,
    reason = "nanoseconds of a tick are far below 2^52"
)]
pub fn as_ratio(time: u64, unit: u64) -> f64 {
    time as f64 / unit as f64
}
