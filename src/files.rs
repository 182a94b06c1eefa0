//! Small files that others write and replace while we run: tokens, certificates, keys, CAs, the configuration.
//!
//! One way to read them all: so much and no more, and never from what could make us wait for somebody, such as a FIFO, a
//! terminal or another device. A file is what its path leads to now. Kubernetes swaps a symlink in the middle of the path
//! (`..data` of a volume, `kubelet-client-current.pem`), so nothing is kept open and every look goes through the path anew.
//!
//! Knows files only: neither what is in them nor which option names them. Who asks says what to do about an
//! [`Unreadable`]. What it can not do is give up on a file system that doesn't answer (a dead NFS server's): no system
//! call can. That must be on a thread that nobody waits for without an end.

use std::fmt;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::system;

/// Four times a distribution's whole CA bundle, and more than any token, certificate or configuration.
pub const MAX_SIZE: u64 = 1024 * 1024;

/// Why a file's content is not there. `Display` is what is wrong with it, to be put behind its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// Nothing at that path.
    Missing,
    /// Not for us.
    Forbidden,
    /// A directory.
    Directory,
    /// A FIFO, a socket or a device.
    Special,
    /// Larger than [`MAX_SIZE`].
    TooLarge,
    /// Anything else, in the system's words, which know nothing of the content.
    System(Errno),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no such file"),
            Self::Forbidden => f.write_str("may not be read by this user"),
            Self::Directory => f.write_str("is a directory"),
            Self::Special => f.write_str("is not a regular file"),
            Self::TooLarge => write!(f, "is larger than {} MiB", MAX_SIZE / 1024 / 1024),
            Self::System(errno) => write!(f, "cannot be read: {}", system::Fault::from(*errno)),
        }
    }
}

impl std::error::Error for Unreadable {}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            // All that is done here is system calls.
            _ => Self::System(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
        }
    }
}

/// What changes when a file is written or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// Moves also where a tool sets the time of modification back, and when a mode changes.
    changed: (i64, i64),
}

impl Fingerprint {
    fn new(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Of the file at `path`; `None` if there is none or it cannot be looked at.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().as_ref().map(Self::new)
    }
}

/// The whole content of the file at `path`.
///
/// # Errors
/// See [`Unreadable`].
pub fn read(path: &Path) -> Result<Vec<u8>, Unreadable> {
    // Before it is opened, for that alone does something to some devices; and after, for it may be another one by then.
    is_regular(&std::fs::metadata(path)?)?;
    let file = open(path)?;
    is_regular(&file.metadata()?)?;
    let mut content = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_SIZE {
        return Err(Unreadable::TooLarge);
    }
    Ok(content)
}

fn is_regular(metadata: &Metadata) -> Result<(), Unreadable> {
    if metadata.is_dir() {
        Err(Unreadable::Directory)
    } else if metadata.is_file() {
        Ok(())
    } else {
        Err(Unreadable::Special)
    }
}

/// Without waiting: opening a FIFO would, for its writer and for ever.
fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        assert_eq!(read(&file), Err(Unreadable::Missing));
        assert_eq!(read(dir.path()), Err(Unreadable::Directory));
        assert_eq!(read(Path::new("/dev/zero")), Err(Unreadable::Special));
        assert_eq!(read(Path::new("nul\0")), Err(Unreadable::System(Errno::IO)));
        fs::write(&file, "content").unwrap();
        assert_eq!(read(&file).unwrap(), b"content");
        assert_eq!(read(&file.join("below")), Err(Unreadable::Missing));
    }

    #[test]
    fn takes_so_much_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let file = fs::File::create(&path).unwrap();
        file.set_len(MAX_SIZE).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, MAX_SIZE);
        file.set_len(MAX_SIZE + 1).unwrap();
        assert_eq!(read(&path), Err(Unreadable::TooLarge));
    }

    #[test]
    fn a_fifo_without_a_writer_keeps_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        assert_eq!(read(&fifo), Err(Unreadable::Special));
    }

    #[test]
    fn a_fingerprint_moves_with_a_swapped_symlink_and_with_a_rewritten_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("1"), "one").unwrap();
        fs::write(path("2"), "two").unwrap();
        std::os::unix::fs::symlink(path("1"), path("current")).unwrap();
        let first = Fingerprint::of(&path("current"));
        assert_eq!(first, Fingerprint::of(&path("current")));

        std::os::unix::fs::symlink(path("2"), path("next")).unwrap();
        fs::rename(path("next"), path("current")).unwrap();
        let second = Fingerprint::of(&path("current"));
        assert_ne!(first, second);

        fs::write(path("2"), "longer").unwrap();
        assert_ne!(second, Fingerprint::of(&path("current")));
        fs::remove_file(path("2")).unwrap();
        assert_eq!(None, Fingerprint::of(&path("current")));
    }
}
