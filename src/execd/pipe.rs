//! A pipe as the way out, which is what Telegraf reads from.
//!
//! A line must not tear, whoever is killed and whenever: at the end Telegraf takes half a line for a whole one, and half
//! of `123456i` is the float 123. What holds:
//!
//! * A write of at most [`PIPE_BUF`] bytes is taken entirely or not at all, and waits until it can be (POSIX).
//! * More than that, where the pipe has room for it, goes by way of a pipe of our own: that one is filled, and its pages
//!   are moved over in one step, for which the kernel needs no memory, copies nothing and waits for nobody. A plain write
//!   of as much would copy page by page, and end in the middle where we are killed for want of memory.
//!
//! So a batch leaves in one step where Telegraf has read the ones before, by a few system calls instead of one for each
//! 4 KiB. All this is about one writer: where others write into the same pipe, they may take the room that we saw, and a
//! kill while we wait for it may tear.

use std::io::{IoSlice, PipeReader, PipeWriter};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, splice};

use super::left_out::LeftOut;
use super::lines::{Lines, PIPE_BUF};
use super::write::{Broken, wait_until_ready, write_all};
use crate::batch::Batch;

/// Larger than this no pipe is made: it is as much as the system allows anybody by default
/// (`/proc/sys/fs/pipe-max-size`). Memory is taken only for what is in it.
const LARGEST: usize = 1024 * 1024;

/// In a smaller one, which somebody made so or which the system made for somebody with many, waiting until it is empty
/// would take longer than writing as it empties.
const SMALL: usize = 64 * 1024;

/// How often to look whether a pipe is empty, which no event tells: less and less often.
const LOOKS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(64)];

/// Stdout as a pipe.
#[derive(Debug)]
pub(super) struct Pipe {
    /// Bytes in a page, of which a pipe has a number, and each holds what was put in at once or less.
    page: usize,
    /// At most so many pages are in use.
    used: usize,
    own: Option<Own>,
    /// Moving pages is not to be had here, by a sandbox's rule say.
    refused: bool,
    left_out: LeftOut,
}

/// A pipe of our own, which is empty between two uses.
#[derive(Debug)]
struct Own {
    read: PipeReader,
    write: PipeWriter,
}

impl Pipe {
    pub(super) fn new() -> Self {
        Self {
            page: rustix::param::page_size(),
            used: usize::MAX,
            own: None,
            refused: false,
            left_out: LeftOut::default(),
        }
    }

    /// Writes all lines, but those that are longer than the pipe can ever take at once.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<(), Broken> {
        let mut lines = Lines::new(batch.runs());
        let mut slices = Vec::new();
        let mut left = batch.len();
        while left > 0 {
            if self.refused || capacity(rustix::stdio::stdout(), left) < SMALL {
                return self.write_pieces(lines, slices);
            }
            let room = self.room(left)?;
            let mut later = lines.clone();
            let bytes = later.take(room, &mut slices);
            if bytes == 0 {
                // There is one.
                let line = lines.take_one().unwrap_or_default();
                self.write_long(line)?;
                left -= line.len();
            } else if self.put(&slices, bytes)? {
                lines = later;
                left -= bytes;
            } else {
                return self.write_pieces(lines, slices);
            }
        }
        Ok(())
    }

    fn write_pieces<'b>(
        &mut self,
        mut lines: Lines<'b, impl Iterator<Item = &'b [u8]>>,
        mut slices: Vec<IoSlice<'b>>,
    ) -> Result<(), Broken> {
        loop {
            if lines.take(PIPE_BUF, &mut slices) > 0 {
                self.used = usize::MAX;
                write_all(&slices).map_err(Broken::from)?;
            } else if let Some(line) = lines.take_one() {
                self.write_long(line)?;
            } else {
                return Ok(());
            }
        }
    }

    fn write_long(&mut self, line: &[u8]) -> Result<(), Broken> {
        let room = self.room(line.len())?;
        let bytes = line.len();
        if room < bytes {
            self.left_out
                .tell(&"stdout", bytes, format_args!("its pipe takes {room} at once"));
            return Ok(());
        }
        let line = [IoSlice::new(line)];
        if !self.put(&line, bytes)? {
            // The next best: a write that finds room is not interrupted by a signal.
            self.used = usize::MAX;
            write_all(&line).map_err(Broken::from)?;
        }
        Ok(())
    }

    /// Waits until the pipe takes so many bytes at once, or as many as it ever does: how many.
    fn room(&mut self, bytes: usize) -> Result<usize, Broken> {
        let pages = capacity(rustix::stdio::stdout(), bytes) / self.page;
        if is_empty() {
            self.used = 0;
        }
        if pages.saturating_sub(self.used) < bytes.div_ceil(self.page) {
            wait_until_empty()?;
            self.used = 0;
        }
        Ok((pages - self.used) * self.page)
    }

    /// Puts so many bytes into stdout, which has room for them, at once. False if that is not to be had, and nothing was
    /// written.
    fn put(&mut self, slices: &[IoSlice<'_>], bytes: usize) -> Result<bool, Broken> {
        if self.refused || !self.fill(slices, bytes) {
            return Ok(false);
        }
        let Some(own) = &self.own else { return Ok(false) };
        let (stdout, at_once) = (rustix::stdio::stdout(), SpliceFlags::empty());
        let mut left = bytes;
        while left > 0 {
            match splice(&own.read, None, stdout, None, left, at_once) {
                // Less than all only where somebody else writes into the same pipe.
                Ok(moved) if moved > 0 => left -= moved,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => wait_until_ready()?,
                Err(Errno::PIPE) => return Err(Errno::PIPE.into()),
                _ if left == bytes => {
                    self.own = None;
                    self.refused = true;
                    return Ok(false);
                }
                Err(errno) => return Err(errno.into()),
                Ok(_) => return Err(Errno::IO.into()),
            }
        }
        self.used += bytes.div_ceil(self.page);
        Ok(true)
    }

    /// Fills our own pipe with all of this, or leaves it alone.
    fn fill(&mut self, slices: &[IoSlice<'_>], bytes: usize) -> bool {
        let own = match self.own.take() {
            Some(own) => Ok(own),
            None => std::io::pipe().map(|(read, write)| Own { read, write }),
        };
        let Ok(own) = own else { return false };
        // With room for all it does not wait. Half of it, for want of memory, is thrown away with the pipe.
        let filled =
            capacity(&own.write, bytes) >= bytes && rustix::io::writev(&own.write, slices) == Ok(bytes);
        self.own = filled.then_some(own);
        filled
    }
}

/// A pipe's capacity, which is made to hold so many bytes where that is allowed. Whoever is at its other end may change it
/// too.
fn capacity(pipe: impl AsFd, bytes: usize) -> usize {
    let now = fcntl_getpipe_size(&pipe).unwrap_or(PIPE_BUF);
    if bytes <= now || now >= LARGEST {
        return now;
    }
    fcntl_setpipe_size(&pipe, bytes.min(LARGEST)).unwrap_or(now)
}

fn is_empty() -> bool {
    rustix::io::ioctl_fionread(rustix::stdio::stdout()) == Ok(0)
}

/// Waits until all was read; there is no event for that.
fn wait_until_empty() -> Result<(), Broken> {
    let stdout = rustix::stdio::stdout();
    let [mut look, least_often] = LOOKS;
    while !is_empty() {
        // Asked for nothing, it tells that the reader went away.
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        match poll(&mut fds, Timespec::try_from(look).ok().as_ref()) {
            Ok(1) => return Err(Errno::PIPE.into()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        look = least_often.min(look * 2);
    }
    Ok(())
}
