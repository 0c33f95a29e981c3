use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::key::SigningKey;
use crate::key_error::KeyError;

/// How a key is written to a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyFormat {
    /// A private JWK, which also keeps the name of the algorithm.
    Jwk,
    /// PEM with PKCS #8.
    Pem,
}

impl SigningKey {
    /// Reads a key file: a private JWK if it begins with `{`, else PEM with PKCS #8.
    ///
    /// # Errors
    ///
    /// [`KeyError::OpenToOthers`] on Unix if group or others have any right on the file;
    /// [`KeyError::Read`], [`KeyError::FileTooLarge`], and whatever is wrong with the content.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let path = path.as_ref();
        let failed = |error: io::Error| KeyError::Read {
            path: path.into(),
            kind: error.kind(),
        };
        let file = File::open(path).map_err(failed)?;
        check_mode(&file, path)?;
        // Room for all of it at once: a buffer that grows leaves copies of the secret behind.
        let mut content = Zeroizing::new(Vec::with_capacity(ROOM));
        let length = file
            .take(MAX_FILE + 1)
            .read_to_end(&mut content)
            .map_err(failed)?;
        if u64::try_from(length).is_ok_and(|length| length > MAX_FILE) {
            return Err(KeyError::FileTooLarge { path: path.into() });
        }
        match content.trim_ascii_start() {
            [b'{', ..] => Self::from_private_jwk(&content),
            _ => match str::from_utf8(&content) {
                Ok(text) => Self::from_pkcs8_pem(text),
                Err(_) => Err(KeyError::NotPkcs8Pem),
            },
        }
    }

    /// Writes the key to a file that must not exist yet. On Unix only its owner may read it (mode
    /// 0600); elsewhere the rights of the directory apply.
    ///
    /// # Errors
    ///
    /// [`KeyError::Write`], with `AlreadyExists` if there is a file: a key is never overwritten. A
    /// disk that fills up may leave a broken file behind.
    pub fn save_new(&self, path: impl AsRef<Path>, format: KeyFormat) -> Result<(), KeyError> {
        let path = path.as_ref();
        let failed = |error: io::Error| KeyError::Write {
            path: path.into(),
            kind: error.kind(),
        };
        let mut text = match format {
            KeyFormat::Jwk => self.to_private_jwk(),
            KeyFormat::Pem => self.to_pkcs8_pem()?,
        };
        if format == KeyFormat::Jwk {
            text.push('\n');
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(failed)
    }
}

/// Asks the open file and not the path, which could name another file by then.
#[cfg(unix)]
fn check_mode(file: &File, path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file.metadata().map_err(|error| KeyError::Read {
        path: path.into(),
        kind: error.kind(),
    })?;
    let mode = metadata.permissions().mode() & 0o7777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(KeyError::OpenToOthers {
            path: path.into(),
            mode,
        }),
    }
}

/// There are no permission bits to look at.
#[cfg(not(unix))]
fn check_mode(_: &File, _: &Path) -> Result<(), KeyError> {
    Ok(())
}

/// Octets of a key file: a key takes less than 300, certificates may stand beside it: 64 KiB.
const MAX_FILE: u64 = 64 * 1024;

/// A file of the largest size, and the room in which `read_to_end` looks for its end.
const ROOM: usize = 64 * 1024 + 64;
