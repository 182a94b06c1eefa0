//! The real binary, run as Telegraf runs it: ticks in at stdin or by signal, lines out at stdout and stderr.
//!
//! All that it says is kept, and no piece of a token or key that its configuration names is in it: each test that runs it
//! this way is one of that too.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use test_kubelet::TestKubelet;

use super::leak::Leaks;
use super::lines::parse;

/// Longer than anything takes that works: what is waited for with this has failed when it is over.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running plugin; killed when dropped.
pub struct Plugin {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    /// All that was read of both.
    said: Said,
    /// What must not be in it.
    secrets: Leaks,
}

/// What was said, line by line.
type Said = Arc<Mutex<String>>;

/// What a plugin left behind.
#[derive(Debug)]
pub struct Left {
    /// How it ended.
    pub status: ExitStatus,
    /// What was not read yet.
    pub stdout: Vec<String>,
    /// What was not read yet.
    pub stderr: Vec<String>,
}

/// A config block for a kubelet that is verified and asked with its good token.
pub fn block(kubelet: &TestKubelet) -> String {
    let files = kubelet.files();
    format!(
        "[[inputs.kubelet]]\n  url = \"{}\"\n  bearer_token = \"{}\"\n  tls_ca = \"{}\"\n",
        kubelet.url(),
        files.token.display(),
        files.ca.display()
    )
}

/// The command with this configuration, which is written into `dir`.
pub fn command(dir: &Path, config: &str) -> Command {
    let path = dir.join("kubelet.conf");
    std::fs::write(&path, config).expect("a writable directory");
    let mut command = bare();
    command.arg("-config").arg(path);
    command
}

/// The program that is tested: the one that `PLUGIN` names, for one that is handed out, or what Cargo built for the test.
pub fn program() -> String {
    std::env::var("PLUGIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_telegraf-kubelet").to_owned())
}

/// The command without anything.
pub fn bare() -> Command {
    let mut command = Command::new(program());
    command.env_remove("NODE_IP").env_remove("HOSTIP");
    command
}

/// A copy of the program where anybody may run it, whoever may look into the directory that Cargo built it in.
pub fn copied(dir: &Path) -> PathBuf {
    let own = dir.join("telegraf-kubelet");
    std::fs::copy(program(), &own).expect("a writable directory");
    // Another test that starts a program just now has a copy of the handle that wrote it, for a moment.
    let end = Instant::now() + PATIENCE;
    let busy = || Command::new(&own).arg("--version").output();
    while busy().is_err_and(|error| error.kind() == std::io::ErrorKind::ExecutableFileBusy) {
        assert!(Instant::now() < end, "somebody goes on writing {}", own.display());
        thread::yield_now();
    }
    own
}

impl Plugin {
    /// Starts `command` with all three pipes, and reads both outputs from the start.
    pub fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let secrets = named_in(&command);
        let mut child = command.spawn().expect("the plugin");
        let stdin = child.stdin.take();
        let said = Said::default();
        let stdout = lines(child.stdout.take().expect("a pipe"), Arc::clone(&said));
        let stderr = lines(child.stderr.take().expect("a pipe"), Arc::clone(&said));
        Self {
            child,
            stdin,
            stdout,
            stderr,
            said,
            secrets,
        }
    }

    /// Must not tell this either, which the files of its configuration did not hold when it was started.
    pub fn keeps(&mut self, secret: &str) {
        self.secrets = std::mem::take(&mut self.secrets).secret("a later one", secret.as_bytes());
    }

    /// A secret is in what it is made to write, so the test looks by itself where none may be.
    pub fn writes_a_secret(&mut self) {
        self.secrets = Leaks::default();
    }

    /// A prompt as Telegraf writes it.
    pub fn tick(&mut self) {
        self.write(b"\n");
    }

    /// All of this on stdin.
    pub fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(bytes).expect("the plugin reads");
    }

    /// A signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the plugin runs");
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits until its handlers stand: before, a signal is the end.
    pub fn until_ready(&self) {
        let all = [Signal::USR1, Signal::TERM, Signal::INT].map(|signal| 1_u64 << (signal.as_raw() - 1));
        let all: u64 = all.iter().sum();
        until("its handlers", || {
            let status = std::fs::read_to_string(self.proc().join("status")).expect("the plugin runs");
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t"));
            u64::from_str_radix(caught.unwrap(), 16).unwrap() & all == all
        });
    }

    /// Waits until one of its threads waits for something that the kernel calls so.
    pub fn until_waiting_for(&self, what: &str) {
        let waits = |thread: std::io::Result<std::fs::DirEntry>| {
            // It may be gone by now.
            std::fs::read_to_string(thread.unwrap().path().join("wchan")).is_ok_and(|on| on.contains(what))
        };
        until(what, || {
            std::fs::read_dir(self.proc().join("task")).unwrap().any(waits)
        });
    }

    fn proc(&self) -> PathBuf {
        format!("/proc/{}", self.pid().as_raw_pid()).into()
    }

    /// What Telegraf does to stop it.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// The next line of stdout, which has to be line protocol.
    pub fn line(&self) -> String {
        let line = next(&self.stdout, "stdout", PATIENCE);
        parse(&format!("{line}\n"));
        line
    }

    /// The next line of stdout if it comes in time.
    pub fn line_within(&self, limit: Duration) -> Option<String> {
        self.stdout.recv_timeout(limit).ok()
    }

    /// The next line of stderr.
    pub fn log(&self) -> String {
        next(&self.stderr, "stderr", PATIENCE)
    }

    /// The next line of stderr if it comes in time.
    pub fn log_within(&self, limit: Duration) -> Option<String> {
        self.stderr.recv_timeout(limit).ok()
    }

    /// All lines up to and with the next `kubelet_scrape`, which ends a batch.
    pub fn batch(&self) -> Vec<String> {
        self.batch_within(PATIENCE)
    }

    /// The same, for a batch whose lines take longer to come.
    pub fn batch_within(&self, limit: Duration) -> Vec<String> {
        let mut batch = Vec::new();
        loop {
            let line = next(&self.stdout, "stdout", limit);
            parse(&format!("{line}\n"));
            let last = line.starts_with("kubelet_scrape");
            batch.push(line);
            if last {
                return batch;
            }
        }
    }

    /// Waits until it is gone; panics after `limit`.
    pub fn wait(mut self, limit: Duration) -> Left {
        let deadline = Instant::now() + limit;
        // Both pipes end when the process does.
        let rest = |lines: &Receiver<String>| {
            let mut rest = Vec::new();
            loop {
                match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(line) => rest.push(line),
                    Err(RecvTimeoutError::Disconnected) => return rest,
                    Err(RecvTimeoutError::Timeout) => {
                        panic!("still running after {limit:?}; so far: {rest:#?}")
                    }
                }
            }
        };
        let (stdout, stderr) = (rest(&self.stdout), rest(&self.stderr));
        let status = self.child.wait().expect("a child");
        for line in &stdout {
            parse(&format!("{line}\n"));
        }
        Left {
            status,
            stdout,
            stderr,
        }
    }

    /// All that a command says that is over by itself.
    pub fn once_refused(command: Command) -> Left {
        Self::start(command).wait(PATIENCE)
    }

    /// One tick and the end of stdin at once, as `telegraf --test` has it, and all that comes of it.
    pub fn once(command: Command) -> Left {
        let mut plugin = Self::start(command);
        plugin.tick();
        plugin.close_stdin();
        plugin.wait(PATIENCE)
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !thread::panicking() {
            // Whatever is still in the pipes was said as well.
            for lines in [&self.stdout, &self.stderr] {
                while lines.recv_timeout(PATIENCE).is_ok() {}
            }
            let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            self.secrets.assert_none(&said);
        }
    }
}

/// The secrets in the files that the command's configuration names.
fn named_in(command: &Command) -> Leaks {
    let mut leaks = Leaks::default();
    let flag = |argument: &&std::ffi::OsStr| *argument != "-config";
    let Some(path) = command.get_args().skip_while(flag).nth(1) else {
        return leaks;
    };
    // Whatever can not be read there has no secret, for which many tests see to.
    let is_file =
        |path: &Path| std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= MOST_SECRET);
    let read = |path: &Path| is_file(path).then(|| std::fs::read(path).ok()).flatten();
    let config = String::from_utf8(read(Path::new(path)).unwrap_or_default()).unwrap_or_default();
    for line in config.lines() {
        let named = line
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim().trim_matches('"')));
        if let Some(("bearer_token" | "tls_key" | "tls_cert", path)) = named
            && let Some(content) = read(Path::new(path))
            && is_whole(&content)
        {
            leaks = leaks.secret(path, &content);
        }
    }
    leaks
}

/// PEM, or one line. Of PEM that is damaged nothing tells which part is the key, and its marks are no secret, so
/// `tests/secrets` looks for that by itself.
fn is_whole(content: &[u8]) -> bool {
    let text = String::from_utf8_lossy(content);
    if text.contains("---") {
        let ends = text.matches("-----END ").count();
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        let is_usual = |line: &str| line.starts_with("-----") || line.bytes().all(is_base64);
        return ends > 0 && ends == text.matches("-----BEGIN ").count() && text.lines().all(is_usual);
    }
    text.trim().bytes().all(|byte| byte.is_ascii_graphic())
}

/// No token or key is larger, and no configuration of a test.
const MOST_SECRET: u64 = 1 << 20;

/// Waits for the end; panics when it takes longer than `limit`.
pub fn exits_within(mut child: Child, limit: Duration) -> (Child, ExitStatus) {
    let (sender, ended) = channel();
    thread::spawn(move || {
        // `wait` would close stdin first, which may be what the test is about.
        let stdin = child.stdin.take();
        let status = child.wait().unwrap();
        child.stdin = stdin;
        sender.send((child, status))
    });
    ended
        .recv_timeout(limit)
        .unwrap_or_else(|_| panic!("still running after {limit:?}"))
}

/// Asks again and again, where nothing tells.
pub fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn next(lines: &Receiver<String>, which: &str, limit: Duration) -> String {
    lines
        .recv_timeout(limit)
        .unwrap_or_else(|error| panic!("no line on {which}: {error}"))
}

fn lines(pipe: impl Read + Send + 'static, said: Said) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8(line).expect("UTF-8");
            {
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                said.push_str(&line);
                said.push('\n');
            }
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
