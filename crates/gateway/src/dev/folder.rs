use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::failure::Failure;

/// A temporary folder that its owner alone can enter: the client's key and token, and the gateway's
/// configuration. It goes when it is dropped.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn create() -> Result<Self, Failure> {
        tempfile::Builder::new()
            .prefix("keybound-dev-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map(Self)
            .map_err(Failure::Folder)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn key(&self) -> PathBuf {
        self.path().join("key.jwk")
    }

    pub(super) fn access_token(&self) -> PathBuf {
        self.path().join("access-token")
    }

    pub(super) fn configuration(&self) -> PathBuf {
        self.path().join("keybound.toml")
    }

    /// Writes a file that only its owner can read. Whoever reads it meanwhile sees the old content
    /// or the new.
    pub(super) fn write(&self, path: &Path, content: &str) -> Result<(), Failure> {
        let new = path.with_extension("new");
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)
            .and_then(|mut file| file.write_all(content.as_bytes()))
            .and_then(|()| fs::rename(&new, path));
        written.map_err(Failure::Folder)
    }

    /// Removes all of it, and says so if that fails: there is a key in it.
    pub(super) fn remove(self) -> Result<(), Failure> {
        self.0.close().map_err(Failure::Folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_can_look_in_and_nothing_stays() {
        let folder = Folder::create().unwrap();
        let file = folder.access_token();
        folder.write(&file, "old").unwrap();
        folder.write(&file, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&file), 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        let path = folder.path().to_owned();
        folder.remove().unwrap();
        assert!(!path.exists());
    }
}
