//! The data in `tests/vectors`, and JOSE's encodings for reading them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::tree;

/// Reads a file of `tests/vectors`.
///
/// # Panics
///
/// If it is not there, or not JSON.
pub fn read(file: &str) -> Value {
    let text = tree::read(&format!("tests/vectors/{file}")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A list in a file. Never empty: a loop over nothing would show nothing.
///
/// # Panics
///
/// If it is no list, or an empty one.
pub fn rows<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    let rows = value[name].as_array().unwrap();
    assert!(!rows.is_empty(), "{name}");
    rows
}

/// A text in a row.
///
/// # Panics
///
/// If it is no text.
pub fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {row}"))
}

/// The parts of a compact JWS: what was signed, header, payload, signature.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CompactJws {
    /// The first two parts as they were sent.
    pub signing_input: String,
    /// Decoded, and JSON.
    pub header: Value,
    /// Decoded.
    pub payload: Vec<u8>,
    /// Decoded.
    pub signature: Vec<u8>,
}

impl CompactJws {
    /// Reads strictly: three parts, none but the payload empty, canonical base64url, and a header
    /// that is a JSON object.
    pub fn parse(jws: &str) -> Option<Self> {
        let (signing_input, signature) = jws.rsplit_once('.')?;
        let (header, payload) = signing_input.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let signature = decode(signature).filter(|signature| !signature.is_empty())?;
        let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
        Some(Self {
            signing_input: signing_input.to_owned(),
            header: header.is_object().then_some(header)?,
            payload: decode(payload)?,
            signature,
        })
    }
}
