//! The system's own tools, for what only root may do: as root they run as they are, as anybody else in a user
//! namespace, where root is whoever made it.

use std::process::Command;

use rustix::process::geteuid;

/// `program`, with the rights of root over its own files.
pub fn as_root(program: &str) -> Command {
    let mut command = if geteuid().is_root() {
        Command::new(program)
    } else {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", program]);
        command
    };
    // Debian keeps these tools out of a user's PATH.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}

/// What it prints, in English. Panics when it fails.
pub fn output(command: &mut Command) -> String {
    let output = command
        .env("LC_ALL", "C")
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}
