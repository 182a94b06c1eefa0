//! API server and kubelets in a process of their own: this very program once more, told what to do by its arguments, and over
//! stdin. Knows nothing of what is measured.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use test_kubelet::Cluster;
use test_kubelet::api::{ApiOptions, NodeSpec, TestApiServer};
use test_kubelet::crowd::{Crowd, Member, members};

use crate::Outcome;

/// One in so many is dead.
const ONE_DEAD_IN: usize = 20;

/// What was asked of the API server, by verb and resource, and of the kubelets.
pub type Requests = BTreeMap<String, u64>;

/// What all kubelets together were asked.
pub const SUMMARIES: &str = "summaries of kubelets";

/// The other process, from this side; it ends with it.
pub struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    dir: tempfile::TempDir,
    /// Where the API server is.
    pub url: String,
    /// The nodes.
    pub members: Vec<Member>,
}

impl Process {
    /// Starts it with so many nodes and pods on each.
    pub fn start(nodes: usize, pods: usize) -> Outcome<Self> {
        let dir = tempfile::tempdir()?;
        // Others may measure too.
        let network = u8::try_from(64 + std::process::id() % 128)?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("cluster")
            .args([nodes.to_string(), pods.to_string(), network.to_string()])
            .arg(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().ok_or("no stdin")?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let mut url = String::new();
        stdout.read_line(&mut url)?;
        Ok(Self {
            child,
            stdin,
            stdout,
            dir,
            url: url.trim_end().to_owned(),
            members: members(nodes, network, ONE_DEAD_IN),
        })
    }

    /// Where everything that is written may be.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The CA of them all.
    pub fn ca(&self) -> PathBuf {
        self.dir().join("ca.crt")
    }

    /// A token that they all know.
    pub fn token(&self) -> PathBuf {
        self.dir().join("token")
    }

    /// How many answer.
    pub fn living(&self) -> usize {
        self.members.iter().filter(|member| member.dead.is_none()).count()
    }

    /// All that was asked so far.
    pub fn requests(&mut self) -> Outcome<Requests> {
        writeln!(self.stdin, "requests")?;
        let mut requests = Requests::new();
        loop {
            let mut line = String::new();
            self.stdout.read_line(&mut line)?;
            match line.trim_end().rsplit_once(' ') {
                Some((what, count)) => requests.insert(what.to_owned(), count.parse()?),
                None => return Ok(requests),
            };
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What that process does: says where the API server is, and answers until its stdin ends.
pub fn serve(arguments: &[String]) -> Outcome<()> {
    let [nodes, pods, network, dir] = arguments else {
        return Err("cluster NODES PODS NETWORK DIR".into());
    };
    let cluster = Cluster::new();
    let members = members(nodes.parse()?, network.parse()?, ONE_DEAD_IN);
    let node = |member: &Member| NodeSpec::new(&member.name, &member.ip.to_string(), member.address().port());
    let options = ApiOptions {
        http2: true,
        nodes: members.iter().map(node).collect(),
        ..ApiOptions::default()
    };
    let api = TestApiServer::start_in(&cluster, options, Path::new(dir));
    let kubelets = Crowd::start(&cluster, members, pods.parse()?);
    println!("{}", api.url());
    for line in std::io::stdin().lock().lines() {
        line?;
        let mut requests = Requests::from([(SUMMARIES.to_owned(), kubelets.summaries())]);
        for seen in api.requests() {
            let what = format!("{:?} of {:?}", seen.verb, seen.resource).to_lowercase();
            *requests.entry(what).or_default() += 1;
        }
        for (what, count) in requests {
            println!("{what} {count}");
        }
        println!("done");
    }
    Ok(())
}
