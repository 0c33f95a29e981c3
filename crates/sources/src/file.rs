//! A file that is read again when it has changed.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use crate::error::FetchError;

/// Reads a file, and reads it again only if its identity, length or times differ.
///
/// Replacing it by a rename is safe: length and contents come from one open file. A file that is
/// written in place may be caught half-written; so it counts as unchanged only after two reads with
/// the same stamp, and the next look gets the rest.
#[derive(Debug)]
pub(crate) struct WatchedFile {
    path: Arc<Path>,
    limit: usize,
    /// Of the last read.
    seen: Option<Stamp>,
    /// Of the last two reads, if they agree.
    settled: Option<Stamp>,
    document: Bytes,
}

impl WatchedFile {
    pub(crate) fn new(path: PathBuf, limit: usize) -> Self {
        Self {
            path: path.into(),
            limit,
            seen: None,
            settled: None,
            document: Bytes::new(),
        }
    }

    /// The contents as of now.
    pub(crate) async fn read(&mut self) -> Result<Bytes, FetchError> {
        let (path, limit, settled) = (Arc::clone(&self.path), self.limit, self.settled);
        let outcome = tokio::task::spawn_blocking(move || read(&path, limit, settled))
            .await
            .unwrap_or(Err(FetchError::File(io::ErrorKind::Other)));
        match outcome {
            Ok(Reading::Unchanged) => {}
            Ok(Reading::Changed { stamp, document }) => {
                self.settled = (self.seen == Some(stamp)).then_some(stamp);
                self.seen = Some(stamp);
                self.document = document;
            }
            Err(error) => {
                self.seen = None;
                self.settled = None;
                return Err(error);
            }
        }
        Ok(self.document.clone())
    }
}

enum Reading {
    Unchanged,
    Changed { stamp: Stamp, document: Bytes },
}

fn read(path: &Path, limit: usize, settled: Option<Stamp>) -> Result<Reading, FetchError> {
    // Asked before the file is opened, for opening a named pipe would wait for its writer.
    let before = fs::metadata(path).map_err(file_error)?;
    check(&before, limit)?;
    if settled == Some(Stamp::of(&before)) {
        return Ok(Reading::Unchanged);
    }
    let file = File::open(path).map_err(file_error)?;
    let metadata = file.metadata().map_err(file_error)?;
    check(&metadata, limit)?;
    let mut document = Vec::new();
    // One octet more tells a file that has grown since from one that just fits.
    let room = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(room)
        .read_to_end(&mut document)
        .map_err(file_error)?;
    if document.len() > limit {
        return Err(FetchError::TooLarge { limit });
    }
    Ok(Reading::Changed {
        stamp: Stamp::of(&metadata),
        document: document.into(),
    })
}

fn check(metadata: &Metadata, limit: usize) -> Result<(), FetchError> {
    if !metadata.is_file() {
        return Err(FetchError::File(io::ErrorKind::InvalidInput));
    }
    match usize::try_from(metadata.len()) {
        Ok(length) if length <= limit => Ok(()),
        _ => Err(FetchError::TooLarge { limit }),
    }
}

fn file_error(error: io::Error) -> FetchError {
    FetchError::File(error.kind())
}

/// What tells one state of a file from another without reading it.
#[cfg(unix)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    /// Changes even if a writer sets the modification time back.
    changed: (i64, i64),
}

#[cfg(unix)]
impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;

        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// What tells one state of a file from another without reading it.
#[cfg(not(unix))]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Stamp {
    length: u64,
    modified: Option<std::time::SystemTime>,
}

#[cfg(not(unix))]
impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_as_large_as_the_limit_or_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jwks.json");
        let mut file = WatchedFile::new(path.clone(), 10);
        for length in [0, 9, 10] {
            fs::write(&path, vec![b' '; length]).unwrap();
            assert_eq!(file.read().await, Ok(vec![b' '; length].into()));
        }
        for length in [11, 1_000_000] {
            fs::write(&path, vec![b' '; length]).unwrap();
            assert_eq!(file.read().await, Err(FetchError::TooLarge { limit: 10 }));
        }
    }

    #[tokio::test]
    async fn changes_are_seen_and_an_unchanged_file_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jwks.json");
        let mut file = WatchedFile::new(path.clone(), 100);
        let missing = Err(FetchError::File(io::ErrorKind::NotFound));
        assert_eq!(file.read().await, missing);

        fs::write(&path, "one").unwrap();
        assert_eq!(file.read().await, Ok("one".into()));
        assert_eq!(file.settled, None);
        assert_eq!(file.read().await, Ok("one".into()));
        assert_eq!(file.settled, file.seen);
        // Not a hard way to say that nothing was read, but a certain one.
        file.document = Bytes::from_static(b"kept");
        assert_eq!(file.read().await, Ok("kept".into()));

        // Renamed over, with equal length.
        let next = directory.path().join("next");
        fs::write(&next, "two").unwrap();
        fs::rename(&next, &path).unwrap();
        assert_eq!(file.read().await, Ok("two".into()));
        // Written in place, with equal length, before the stamp has settled.
        fs::write(&path, "tri").unwrap();
        assert_eq!(file.read().await, Ok("tri".into()));
        // Cut off.
        File::create(&path).unwrap();
        assert_eq!(file.read().await, Ok(Bytes::new()));
        // Removed, restored.
        fs::remove_file(&path).unwrap();
        assert_eq!(file.read().await, missing);
        fs::write(&path, "two").unwrap();
        assert_eq!(file.read().await, Ok("two".into()));
    }

    #[tokio::test]
    async fn what_is_not_a_regular_file_is_refused_without_being_opened() {
        let directory = tempfile::tempdir().unwrap();
        let not_regular = Err(FetchError::File(io::ErrorKind::InvalidInput));
        let mut file = WatchedFile::new(directory.path().into(), 100);
        assert_eq!(file.read().await, not_regular);
        if cfg!(unix) {
            let mut file = WatchedFile::new("/dev/zero".into(), 100);
            assert_eq!(file.read().await, not_regular);
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_that_is_turned_to_another_file_is_a_change() {
        use std::os::unix::fs::symlink;

        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("a"), "one").unwrap();
        fs::write(path("b"), "two").unwrap();
        symlink(path("a"), path("jwks.json")).unwrap();
        let mut file = WatchedFile::new(path("jwks.json"), 100);
        for _ in 0..3 {
            assert_eq!(file.read().await, Ok("one".into()));
        }
        symlink(path("b"), path("next")).unwrap();
        fs::rename(path("next"), path("jwks.json")).unwrap();
        assert_eq!(file.read().await, Ok("two".into()));
    }
}
