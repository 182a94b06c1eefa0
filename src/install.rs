//! `telegraf-kubelet install FILE`: a copy of this program where another container can run it.
//!
//! Our image holds this program and nothing else, so an init container has no `cp` to bring it into the volume that it
//! shares with Telegraf. Knows files only.

use std::fmt;
use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;

/// To be run by any user: Telegraf's may be another than ours.
const MODE: u32 = 0o755;

/// How long to wait for others who have a copy grow in the same directory. Each takes less than a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why there is no copy. `Display` is the whole message, on one line.
#[derive(Debug)]
pub enum InstallError {
    /// The system doesn't show us our own file.
    Own(io::Error),
    /// No file could have this path.
    NotAFile(PathBuf),
    /// Somebody else holds the directory's lock, and does not let go of it.
    Locked(PathBuf),
    /// The copy can't be written.
    Write {
        /// Where it should have been.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(error) => write!(f, "install: this program's own file can't be read: {error}"),
            Self::NotAFile(path) => write!(
                f,
                "install: {} is a directory, a device or another thing that is no file; name the file, like /plugin/telegraf-kubelet",
                path.display()
            ),
            Self::Locked(directory) => write!(
                f,
                "install: somebody has held the lock of the directory {} for {} s, which another install does for a moment; \
                 `lslocks` on that machine tells who: end that one, and try again",
                directory.display(),
                PATIENCE.as_secs()
            ),
            Self::Write { path, source } => write!(
                f,
                "install: {} can't be written: {source}; its directory has to be there, for this user to read and to write",
                path.display()
            ),
        }
    }
}

impl std::error::Error for InstallError {}

/// Copies the running program to `path`, in place of what may be there: whole, or not at all, however many do so at once
/// on this machine. Machines that share a volume have to take turns by themselves.
///
/// # Errors
/// See [`InstallError`].
pub fn install(path: &Path) -> Result<(), InstallError> {
    let own = std::env::current_exe()
        .and_then(File::open)
        .map_err(InstallError::Own)?;
    let (true, Some(beside)) = (is_free(path), beside(path)) else {
        return Err(InstallError::NotAFile(path.to_owned()));
    };
    let written = |source| InstallError::Write {
        path: path.to_owned(),
        source,
    };
    let directory = match beside.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    let _turn = turn(directory)
        .map_err(written)?
        .ok_or_else(|| InstallError::Locked(directory.to_owned()))?;
    put(own, &beside, path).map_err(written)
}

/// Whether a copy may take this path: root could put one in the place of `/dev/null` as well, for the whole machine.
fn is_free(path: &Path) -> bool {
    let kind = path.symlink_metadata().map(|found| found.file_type());
    !path.is_dir() && kind.map_or(true, |kind| kind.is_file() || kind.is_symlink())
}

/// Where the copy grows. A file that is being run can't be written to, one in its place can be put there. Always the same
/// name, so that what a killed one left is found: no number would tell containers apart, where every process is number 1.
fn beside(path: &Path) -> Option<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name()?);
    name.push(".new");
    Some(path.with_file_name(name))
}

fn put(own: File, beside: &Path, path: &Path) -> io::Result<()> {
    remove(beside)?;
    let done = copy(own, beside).and_then(|()| std::fs::rename(beside, path));
    if done.is_err() {
        // What went wrong before is what has to be said.
        let _ = std::fs::remove_file(beside);
    }
    done
}

/// Waits until nobody else has a copy grow in the same directory, and keeps others waiting until it is dropped. `None` if
/// that took too long.
///
/// The lock is the directory's: a file's would outlive its name, and one that somebody has open for writing can't be run.
fn turn(directory: &Path) -> io::Result<Option<File>> {
    let directory = File::open(directory)?;
    let (done, locked) = mpsc::channel();
    // No system call gives up on a lock after some time. A thread that waits for ever ends with us.
    thread::Builder::new().spawn(move || {
        let lock = retry_on_intr(|| flock(&directory, FlockOperation::LockExclusive));
        // Nobody waits for it any more where it took too long.
        let _ = done.send(lock.map(|()| directory));
    })?;
    match locked.recv_timeout(PATIENCE) {
        Ok(lock) => Ok(Some(lock?)),
        Err(_) => Ok(None),
    }
}

/// Takes away what a killed one left.
fn remove(beside: &Path) -> io::Result<()> {
    match std::fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn copy(mut own: File, path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)?;
    io::copy(&mut own, &mut file)?;
    // The umask has no say in it.
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.sync_all()
}
