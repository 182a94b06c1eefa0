//! The files that options name: read as all files are, with the option and the mend in the error.

use std::path::Path;

use super::file_error::{FileError, FileFault};
use crate::files;

/// The whole content of the file at `path`, which the option `option` names. White space alone is none.
pub fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, FileError> {
    let error = |fault| FileError {
        option,
        path: Some(path.to_owned()),
        fault,
    };
    let content = files::read(path).map_err(|why| error(FileFault::Unreadable(why)))?;
    if content.iter().all(u8::is_ascii_whitespace) {
        return Err(error(FileFault::Empty));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_which_file_of_which_option_and_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        let why = |path: &Path| read("tls_ca", path).unwrap_err().to_string();
        let missing = format!(
            "tls_ca {}: there is no such file; mount it, or correct the path",
            file.display()
        );
        assert_eq!(why(&file), missing);
        assert!(why(dir.path()).ends_with(": is a directory; name the file in it"));
        std::fs::write(&file, " \n").unwrap();
        assert!(why(&file).ends_with(": is empty"));
        std::fs::write(&file, "content").unwrap();
        assert_eq!(read("tls_ca", &file).unwrap(), b"content");
    }
}
