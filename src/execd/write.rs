//! Bytes to stdout, whatever it is: all of them, or how far it came.

use std::fmt;
use std::io::IoSlice;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// Nothing more can be written.
#[derive(Debug)]
pub struct Broken {
    errno: Errno,
    /// A line of a file is torn, which could not be mended.
    torn: bool,
}

impl Broken {
    /// The reader is gone, which is how a Telegraf that was killed looks from here, and no fault of anyone's.
    #[must_use]
    pub fn is_reader_gone(&self) -> bool {
        self.errno == Errno::PIPE
    }

    pub(super) fn torn(errno: Errno) -> Self {
        Self { errno, torn: true }
    }
}

impl From<Errno> for Broken {
    fn from(errno: Errno) -> Self {
        Self { errno, torn: false }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stdout cannot be written to: {}", self.errno)?;
        if self.torn {
            f.write_str("; its last line is torn, for somebody else has written behind it")?;
        }
        Ok(())
    }
}

impl std::error::Error for Broken {}

impl From<Stuck> for Broken {
    fn from(stuck: Stuck) -> Self {
        stuck.errno.into()
    }
}

/// A write that failed, perhaps after a part of it.
#[derive(Debug)]
pub(super) struct Stuck {
    pub(super) errno: Errno,
    pub(super) written: usize,
}

/// Writes all of it, at once where stdout takes it at once.
pub(super) fn write_all(slices: &[IoSlice<'_>]) -> Result<(), Stuck> {
    let stdout = rustix::stdio::stdout();
    let all: usize = slices.iter().map(|slice| slice.len()).sum();
    let mut written = 0;
    while written < all {
        let outcome = if written == 0 {
            rustix::io::writev(stdout, slices)
        } else {
            rustix::io::write(stdout, rest(slices, written))
        };
        match outcome {
            Ok(more) => written += more,
            Err(Errno::INTR) => {}
            // Whoever shares our stdout may have made it non-blocking.
            Err(Errno::AGAIN) => wait_until_ready().map_err(|broken| Stuck {
                errno: broken.errno,
                written,
            })?,
            Err(errno) => return Err(Stuck { errno, written }),
        }
    }
    Ok(())
}

/// What is left of the slice in which the first `written` bytes end.
fn rest<'s>(slices: &'s [IoSlice<'_>], mut written: usize) -> &'s [u8] {
    for slice in slices {
        if written < slice.len() {
            return &slice[written..];
        }
        written -= slice.len();
    }
    &[]
}

pub(super) fn wait_until_ready() -> Result<(), Broken> {
    let stdout = rustix::stdio::stdout();
    match poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
