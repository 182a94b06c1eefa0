//! A real Telegraf, running configurations as a user would.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal};

use crate::process::{Owned, children, send};
use crate::wait::until;

/// How Telegraf is called: its configuration files, and the environment that they refer to.
#[derive(Debug, Clone)]
pub struct Telegraf {
    /// `--config` each.
    pub configs: Vec<PathBuf>,
    /// Added to the environment.
    pub environment: Vec<(&'static str, OsString)>,
    /// Where its log goes.
    pub dir: PathBuf,
}

/// What it left behind.
#[derive(Debug)]
pub struct Ended {
    /// Standard output: with `--test`, the metrics.
    pub stdout: String,
    /// Its log, the plugin's own lines among it.
    pub log: String,
}

/// A Telegraf that runs until it is told to stop.
pub struct Service {
    process: Owned,
    stdout: PathBuf,
    log: PathBuf,
}

impl Telegraf {
    /// Starts it as a service.
    pub fn start(&self) -> Service {
        self.spawn(&[])
    }

    /// Runs it to its end with `--test` or `--once`.
    pub fn run(&self, mode: &str) -> Ended {
        self.spawn(&[mode]).end()
    }

    fn spawn(&self, arguments: &[&str]) -> Service {
        let program = std::env::var_os("TELEGRAF").unwrap_or_else(|| "telegraf".into());
        let log = self.dir.join("telegraf.log");
        let stdout = self.dir.join("telegraf.out");
        let mut command = Command::new(&program);
        for config in &self.configs {
            command.arg("--config").arg(config);
        }
        let process = command
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).expect("a writable directory"))
            .stderr(File::create(&log).expect("a writable directory"))
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "no Telegraf ({}): {error}. Put it in the PATH or its path in TELEGRAF; `.ci/run` has the `go install` line",
                    Path::new(&program).display()
                )
            });
        Service {
            process: Owned::new(process),
            stdout,
            log,
        }
    }
}

impl Service {
    /// The plugin, once there is one that is not among `others`.
    pub fn plugin(&self, others: &[Pid]) -> Pid {
        until("Telegraf has started the plugin", || {
            let mut children = children(self.process.pid()).into_iter();
            children.find(|child| !others.contains(child))
        })
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        self.process.pid()
    }

    /// Ends it by this signal, however that looks.
    pub fn end_by(mut self, signal: Signal) {
        send(self.process.pid(), signal);
        self.process.wait("Telegraf ends");
    }

    /// Stops it as systemd and Kubernetes do.
    pub fn stop(self) -> Ended {
        send(self.process.pid(), Signal::TERM);
        self.end()
    }

    fn end(mut self) -> Ended {
        let status = self.process.wait("Telegraf ends");
        let ended = Ended {
            stdout: fs::read_to_string(&self.stdout).expect("Telegraf writes UTF-8"),
            log: fs::read_to_string(&self.log).expect("Telegraf writes UTF-8"),
        };
        assert!(status.success(), "Telegraf: {status}\n{}", ended.log);
        ended
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            eprintln!("Telegraf's log:\n{log}");
        }
    }
}

impl Ended {
    /// Panics at an error of anybody and at a warning about the plugin or the output, except what `allowed` names.
    pub fn assert_quiet(&self, allowed: &[&str]) {
        for line in self.log.lines() {
            let loud =
                line.contains(" E! ") || line.contains(" W! [inputs.") || line.contains(" W! [outputs.");
            let allowed = allowed.iter().any(|words| line.contains(words));
            assert!(!loud || allowed, "Telegraf's log has: {line}\nin:\n{}", self.log);
        }
    }
}
