//! Small files that others replace while we run: tokens, certificates, keys, CAs.
//!
//! A file is what its path leads to now. Kubernetes swaps a symlink in the middle of the path (`..data` of a volume,
//! `kubelet-client-current.pem`), so nothing is kept open and every look goes through the path anew.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::error::FileError;

/// More than any token, certificate or CA bundle has.
const MAX_SIZE: u64 = 4 * 1024 * 1024;

/// What changes when a file is written or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Fingerprint {
    fn new(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
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
        option,
        path: path.to_owned(),
        why,
    };
    let metadata = std::fs::metadata(path).map_err(|io| error(explain(&io)))?;
    // Opening a FIFO would wait for its writer, for ever.
    if !metadata.is_file() {
        let what = if metadata.is_dir() {
            "a directory"
        } else {
            "not a regular file"
        };
        return Err(error(format!("is {what}; name the file itself")));
    }
    if metadata.len() > MAX_SIZE {
        return Err(error(format!(
            "has {} bytes, which no token, certificate or CA has",
            metadata.len()
        )));
    }
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SIZE).read_to_end(&mut content))
        .map_err(|io| error(explain(&io)))?;
    if content.iter().all(u8::is_ascii_whitespace) {
        return Err(error("is empty".to_owned()));
    }
    Ok(content)
}

fn explain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file; mount it, or correct the path".to_owned(),
        std::io::ErrorKind::PermissionDenied => {
            "may not be read by this user; correct its mode, or the pod's fsGroup".to_owned()
        }
        _ => format!("cannot be read: {error}"),
    }
}
