//! What we were started with: whether there is a stdin and a stdout at all.
//!
//! A descriptor that is closed at the start is not closed any more when `main` runs: before it, Rust opens `/dev/null` in
//! its place, or the next file that is opened would be stdout. It opens it to be read and written, which a shell's
//! `</dev/null` and `>/dev/null` never do.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};

/// What is missing for a run whose lines go to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nobody can prompt, and its end is the word to stop.
    Stdin,
    /// Lines would go nowhere.
    Stdout,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdin => {
                "stdin is closed, or is /dev/null opened for writing too, and its end is the word to stop; let Telegraf's \
                 inputs.execd start this program, or set output to a socket for one that runs beside Telegraf"
            }
            Self::Stdout => {
                "stdout is closed, or is /dev/null opened for reading too, so that lines would go nowhere; let Telegraf's \
                 inputs.execd start this program, or write >/dev/null if that is where they are to go"
            }
        })
    }
}

/// The first that is missing.
#[must_use]
pub fn missing() -> Option<Missing> {
    if was_closed(rustix::stdio::stdin()) {
        Some(Missing::Stdin)
    } else if was_closed(rustix::stdio::stdout()) {
        Some(Missing::Stdout)
    } else {
        None
    }
}

fn was_closed(descriptor: BorrowedFd<'_>) -> bool {
    let Ok(null) = std::fs::metadata("/dev/null") else {
        // Then Rust could not open it either, and has given up.
        return false;
    };
    null.file_type().is_char_device()
        && fstat(descriptor).is_ok_and(|stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == null.rdev()
        })
        && fcntl_getfl(descriptor).is_ok_and(|flags| flags & OFlags::ACCMODE == OFlags::RDWR)
}
