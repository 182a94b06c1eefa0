//! A file as the way out: `>` and `>>` in a shell, for a look or for another program to read.
//!
//! A disk that gets full, a quota and a limit of the process end a write in the middle. The file is then cut back to its
//! last whole line. Against a kill in the middle nothing can be done: the kernel copies page by page, and looks for one in
//! between.

use std::io::IoSlice;

use rustix::fs::{SeekFrom, fstat, ftruncate, seek, tell};

use super::lines::{Lines, torn};
use super::write::{Broken, Stuck, write_all};
use crate::batch::Batch;

/// What is written at once.
const PIECE: usize = 64 * 1024;

/// Writes all lines.
pub(super) fn write(batch: &Batch) -> Result<(), Broken> {
    let mut lines = Lines::new(batch.runs());
    let mut slices = Vec::new();
    loop {
        if lines.take(PIECE, &mut slices) == 0 {
            let Some(line) = lines.take_one() else {
                return Ok(());
            };
            slices.push(IoSlice::new(line));
        }
        write_all(&slices).map_err(|Stuck { errno, written }| {
            let torn = torn(&slices, written) as u64;
            if torn == 0 || cut(torn) {
                errno.into()
            } else {
                Broken::torn(errno)
            }
        })?;
    }
}

/// Takes our last bytes away again, if they are the file's last: where several append to one file, another's may be behind
/// them.
fn cut(bytes: u64) -> bool {
    let stdout = rustix::stdio::stdout();
    // Behind a write, also one that appends, is the end of what was written.
    let (Ok(end), Ok(stat)) = (tell(stdout), fstat(stdout)) else {
        return false;
    };
    let Some(whole) = end.checked_sub(bytes) else {
        return false;
    };
    u64::try_from(stat.st_size) == Ok(end)
        && ftruncate(stdout, whole).is_ok()
        && seek(stdout, SeekFrom::Start(whole)).is_ok()
}
