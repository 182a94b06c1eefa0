//! Whether a file is in a Kubernetes volume of secrets, whose mode is the volume's and nobody's slip.
//!
//! The volumes of Secrets, of projected tokens and of what writes as they do are made by the same code: in memory
//! (`tmpfs`), each version in a directory of its own whose name begins with two dots, to which the symlink `..data` leads.
//! Their files are 0644 and root's unless the pod says otherwise, and only its containers have them. A `ConfigMap`'s
//! volume looks the same and is on disk: it is no place for a secret.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use crate::files;

/// Whether the file at `path` is in one, by whatever links it is found.
pub fn is_in_one(path: &Path) -> bool {
    let mounts = files::read(Path::new("/proc/self/mountinfo"));
    let (Ok(file), Ok(mounts)) = (path.canonicalize(), mounts) else {
        return false;
    };
    is_of(&file, &mounts)
}

/// `file` has no links in it. With `subPath` it is itself where a part of the volume is mounted.
fn is_of(file: &Path, mounts: &[u8]) -> bool {
    let mounts = mounts.split(|&byte| byte == b'\n').filter_map(Mount::read);
    let above = mounts.filter(|mount| file.starts_with(&mount.at));
    // Of two at the same place the later one is seen.
    let Some(mount) = above.max_by_key(|mount| mount.at.components().count()) else {
        return false;
    };
    let inside = file.strip_prefix(&mount.at).unwrap_or(file);
    mount.is_in_memory && has_version(&mount.root.join(inside))
}

/// A directory named like `..2026_11_25_20_13_07.1234567890`.
fn has_version(path: &Path) -> bool {
    path.components()
        .any(|part| matches!(part, Component::Normal(name) if name.as_bytes().starts_with(b"..")))
}

/// A line of `/proc/self/mountinfo`.
struct Mount {
    /// What of its file system is mounted.
    root: PathBuf,
    at: PathBuf,
    is_in_memory: bool,
}

impl Mount {
    fn read(line: &[u8]) -> Option<Self> {
        let mut words = line.split(|&byte| byte == b' ');
        let root = unescaped(words.nth(3)?);
        let at = unescaped(words.next()?);
        // Behind a number of optional ones.
        let kind = words.skip_while(|word| *word != b"-").nth(1)?;
        Some(Self {
            root,
            at,
            is_in_memory: kind == b"tmpfs",
        })
    }
}

/// White space and backslashes are `\` and three octal digits there.
fn unescaped(word: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&first, more)) = rest.split_first() {
        let digits = more.get(..3).filter(|_| first == b'\\');
        let byte = digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &more[3..] } else { more };
    }
    PathBuf::from(OsStr::from_bytes(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:40 / /var/run/secrets/kubernetes.io/serviceaccount ro,relatime - tmpfs tmpfs rw,size=1k
31 21 0:41 / /scratch rw,relatime shared:7 master:3 - tmpfs tmpfs rw
32 21 8:1 /var/lib/kubelet/pods/1/volumes/kubernetes.io~configmap/c /config ro - ext4 /dev/sda1 rw
33 21 0:42 /..2026_11_25_20_13_07.1/tls.key /etc/tls.key ro - tmpfs tmpfs rw
34 21 0:43 /secret /a\\040b ro - tmpfs tmpfs rw
35 31 8:1 / /scratch/disk rw - ext4 /dev/sdb1 rw
";

    #[test]
    fn is_told_by_what_it_is_mounted_from_and_by_its_version() {
        for (file, is_one) in [
            (
                "/var/run/secrets/kubernetes.io/serviceaccount/..2026_11_25_20_13_07.1/token",
                true,
            ),
            ("/var/run/secrets/kubernetes.io/serviceaccount/token", false),
            ("/etc/tls.key", true),
            ("/a b/..2026/tls.key", true),
            ("/a b/tls.key", false),
            ("/scratch/tls.key", false),
            ("/scratch/..2026/tls.key", true),
            ("/scratch/disk/..2026/tls.key", false),
            ("/config/..2026_11_25_20_13_07.1/tls.key", false),
            ("/etc/tls/..2026/tls.key", false),
            ("/etc/tls.key.old", false),
        ] {
            assert_eq!(is_of(Path::new(file), MOUNTS.as_bytes()), is_one, "{file}");
        }
        assert!(!is_of(Path::new("/x"), b"garbage\n\n1 2 3"));
    }
}
