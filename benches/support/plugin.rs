//! The real binary as Telegraf runs it, tick after tick, against a test kubelet.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use test_kubelet::TestKubelet;

/// It, while it runs.
pub struct Plugin {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    line: Vec<u8>,
}

impl Plugin {
    /// With these options in its block; `PLUGIN` may name another binary.
    pub fn start(kubelet: &TestKubelet, options: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let files = kubelet.files();
        let config = files.dir.join("bench.conf");
        fs::write(
            &config,
            format!(
                "[[inputs.kubelet]]\n  url = \"{}\"\n  bearer_token = \"{}\"\n  tls_ca = \"{}\"\n{options}",
                kubelet.url(),
                files.token.display(),
                files.ca.display()
            ),
        )?;
        let program =
            std::env::var_os("PLUGIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_telegraf-kubelet").into());
        let mut child = Command::new(program)
            .arg("-config")
            .arg(&config)
            .args(["-log_level", "error"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self {
            stdin: child.stdin.take().ok_or("no stdin")?,
            stdout: BufReader::with_capacity(64 * 1024, child.stdout.take().ok_or("no stdout")?),
            child,
            line: Vec::new(),
        })
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// One prompt and all that is answered; how many bytes that is.
    pub fn tick(&mut self) -> std::io::Result<usize> {
        self.stdin.write_all(b"\n")?;
        let mut bytes = 0;
        loop {
            self.line.clear();
            bytes += self.stdout.read_until(b'\n', &mut self.line)?;
            if self.line.is_empty() || self.line.starts_with(b"kubelet_scrape") {
                return Ok(bytes);
            }
        }
    }

    /// Ends it as Telegraf does.
    pub fn stop(mut self) -> std::io::Result<()> {
        drop(self.stdin);
        self.child.wait().map(drop)
    }
}
