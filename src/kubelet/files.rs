//! Small files that others replace while we run: tokens, certificates, keys, CAs.
//!
//! A file is what its path leads to now. Kubernetes swaps a symlink in the middle of the path (`..data` of a volume,
//! `kubelet-client-current.pem`), so nothing is kept open and every look goes through the path anew.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::error::{FileError, FileFault};

/// Four times a distribution's whole CA bundle.
const MAX_SIZE: u64 = 1024 * 1024;

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
    pub fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().as_ref().map(Self::new)
    }
}

/// The whole content of the file at `path`, which the option `option` names.
pub fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, FileError> {
    let error = |why: String| FileError {
        fault: FileFault::Unusable,
        option,
        path: path.to_owned(),
        why,
    };
    let file = open(path).map_err(|io| error(explain(&io)))?;
    let metadata = file.metadata().map_err(|io| error(explain(&io)))?;
    if metadata.is_dir() {
        return Err(error("is a directory; name the file in it".to_owned()));
    }
    if !metadata.is_file() {
        return Err(error("is not a regular file".to_owned()));
    }
    let mut content = Vec::new();
    file.take(MAX_SIZE + 1)
        .read_to_end(&mut content)
        .map_err(|io| error(explain(&io)))?;
    if content.len() as u64 > MAX_SIZE {
        return Err(error(format!(
            "is larger than {} MiB, which no token, certificate or CA is",
            MAX_SIZE / 1024 / 1024
        )));
    }
    if content.iter().all(u8::is_ascii_whitespace) {
        return Err(error("is empty".to_owned()));
    }
    Ok(content)
}

/// Without waiting: opening a FIFO would, for its writer and for ever.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; mount it, or correct the path".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "may not be read by this user; correct its mode, or the pod's fsGroup".to_owned()
        }
        _ => format!("cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn why(path: &Path) -> String {
        read("tls_ca", path).unwrap_err().to_string()
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        assert!(why(&file).contains("no such file"));
        assert!(why(dir.path()).contains("directory"));
        fs::write(&file, " \n").unwrap();
        assert!(why(&file).contains("is empty"));
        fs::File::create(&file).unwrap().set_len(MAX_SIZE + 1).unwrap();
        assert!(why(&file).contains("larger than 1 MiB"));
        fs::write(&file, "content").unwrap();
        assert_eq!(read("tls_ca", &file).unwrap(), b"content");
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
        assert!(why(&fifo).contains("not a regular file"));
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
