//! A block for each kubelet: the program is started by one prompt after the other.
//!
//! All kubelets answer the same, from this process. The last row has one in ten that never answers.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use test_kubelet::{GeneratorOptions, Options, Peer, Wire, summary};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::skipping::skipping;
use crate::support::{as_ratio, processor, resident};
use crate::{Outcome, Size, program};

const SIZES: [Size; 5] = [(1, 110), (10, 110), (100, 30), (1000, 30), (1000, 110)];
const WARM_UP: u32 = 3;

/// All of these sizes, or the usual ones.
pub fn measure_all(sizes: &[Size]) -> Outcome<()> {
    let sizes = if sizes.is_empty() { &SIZES } else { sizes };
    println!("kubelets x pods (mute)   resident MiB   ms each tick   x skipping   first and later ticks, s");
    for &(kubelets, pods) in sizes {
        measure(kubelets, pods, 0)?;
    }
    if let Some(&(kubelets, pods)) = sizes.last().filter(|(kubelets, _)| *kubelets >= 10) {
        measure(kubelets, pods, kubelets / 10)?;
    }
    Ok(())
}

/// Some of the kubelets are `mute`.
fn measure(kubelets: usize, pods: usize, mute: usize) -> Outcome<()> {
    let body = summary(
        &GeneratorOptions {
            pods,
            ..GeneratorOptions::default()
        },
        1,
    );
    let answer = Arc::new(answer(&body));
    let good = Peer::many_over_tls(kubelets - mute, &Options::default(), move |wire| {
        serve(wire, Arc::clone(&answer))
    });
    let silent = Peer::many_over_tcp(mute, |stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    });
    let mut config = good.blocks().concat();
    for block in silent.blocks() {
        writeln!(config, "{block}  response_timeout = \"3s\"")?;
    }
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("many.conf");
    fs::write(&path, config)?;
    let mut child = Command::new(program())
        .arg("-config")
        .arg(&path)
        .args(["-log_level", "error"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let outcome = ticks(&mut child, kubelets, pods, mute, skipping(&body));
    child.kill()?;
    child.wait()?;
    outcome
}

fn ticks(child: &mut Child, kubelets: usize, pods: usize, mute: usize, skip: u64) -> Outcome<()> {
    let pid = child.id();
    let mut stdin = child.stdin.take().ok_or("no stdin")?;
    let mut lines = Lines {
        stdout: child.stdout.take().ok_or("no stdout")?,
        buffer: vec![0; 1024 * 1024],
        line: Vec::new(),
    };
    let mut tick = |batches: usize| -> Outcome<f64> {
        let began = Instant::now();
        stdin.write_all(b"\n")?;
        lines.skip(batches)?;
        Ok(began.elapsed().as_secs_f64())
    };
    // The mute ones' batches come later, and into the next tick's.
    let answering = kubelets - mute;
    let first = tick(answering)?;
    for _ in 1..WARM_UP {
        tick(kubelets)?;
    }
    let ticks: u32 = if kubelets < 100 { 100 } else { 10 };
    let (before, began) = (processor(pid)?, Instant::now());
    for _ in 0..ticks {
        tick(kubelets)?;
    }
    let later = began.elapsed().as_secs_f64() / f64::from(ticks);
    let each = (processor(pid)? - before) / (u64::from(ticks) * kubelets as u64);
    println!(
        "{kubelets:>8} x {pods:>4} ({mute:>4})   {:>12.1}   {:>12.2}   {:>10.2}   {first:.2} {later:.2}",
        as_ratio(resident(pid)?, 1024),
        as_ratio(each, 1_000_000),
        as_ratio(each, skip),
    );
    Ok(())
}

/// What comes out, of which only the ends of batches are looked at.
struct Lines<R> {
    stdout: R,
    buffer: Vec<u8>,
    /// The beginning of a line that is not whole.
    line: Vec<u8>,
}

impl<R: Read> Lines<R> {
    /// Reads to the end of so many batches.
    fn skip(&mut self, batches: usize) -> Outcome<()> {
        const LAST: &[u8] = b"kubelet_scrape";
        let mut ended = 0;
        while ended < batches {
            let read = self.stdout.read(&mut self.buffer)?;
            if read == 0 {
                return Err("it ended".into());
            }
            for piece in self.buffer[..read].split_inclusive(|&byte| byte == b'\n') {
                if self.line.len() < LAST.len() {
                    let some = piece.len().min(LAST.len() - self.line.len());
                    self.line.extend_from_slice(&piece[..some]);
                }
                if piece.ends_with(b"\n") {
                    ended += usize::from(self.line == LAST);
                    self.line.clear();
                }
            }
        }
        Ok(())
    }
}

/// As a kubelet sends what is longer than 2 kB: in one chunk.
fn answer(body: &[u8]) -> Vec<u8> {
    let mut answer =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    answer.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
    answer.extend_from_slice(body);
    answer.extend_from_slice(b"\r\n0\r\n\r\n");
    answer
}

async fn serve(mut wire: Wire, answer: Arc<Vec<u8>>) {
    let mut question = Vec::new();
    while let Ok(1..) = wire.read_buf(&mut question).await {
        if question.ends_with(b"\r\n\r\n") {
            question.clear();
            if wire.write_all(&answer).await.is_err() || wire.flush().await.is_err() {
                return;
            }
        }
    }
}
