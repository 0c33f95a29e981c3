use serde_json::{Map, Value};

use super::keys::{PrivateKey, encode};

/// A token or a proof that is about to be signed. Every part can be altered, down to the octets; what
/// is not altered stays right.
#[derive(Clone, Debug)]
pub struct Jws {
    header: Document,
    payload: Document,
    key: PrivateKey,
    signature: Signature,
}

#[derive(Clone, Debug)]
enum Document {
    Members(Map<String, Value>),
    /// Any octets.
    Raw(Vec<u8>),
    /// The segment as it is sent.
    Encoded(String),
}

/// What stands in the place of the signature.
#[derive(Clone, Debug, Default)]
enum Signature {
    /// What the key makes of header and payload.
    #[default]
    Right,
    /// The right one with one bit changed.
    Corrupt,
    /// The right one after a change of form.
    Changed(fn(Vec<u8>) -> Vec<u8>),
    /// The segment as it is sent.
    Encoded(String),
}

impl Jws {
    /// Begins with a header and claims, both JSON objects.
    pub(super) fn new(key: &PrivateKey, header: Value, claims: Value) -> Self {
        Self {
            header: Document::members(header),
            payload: Document::members(claims),
            key: key.clone(),
            signature: Signature::Right,
        }
    }

    /// Sets a header parameter.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.set(name, value.into());
        self
    }

    /// Leaves a header parameter out.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Sends this text as header, JSON or not.
    #[must_use]
    pub fn raw_header(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.header = Document::Raw(text.into());
        self
    }

    /// Sends this segment as header, base64url or not.
    #[must_use]
    pub fn encoded_header(mut self, segment: impl Into<String>) -> Self {
        self.header = Document::Encoded(segment.into());
        self
    }

    /// Adds text to the header before its closing brace: a duplicate, or a number that a parser would
    /// change.
    #[must_use]
    pub fn header_text(mut self, member: &str) -> Self {
        self.header.append(member);
        self
    }

    /// Sets a claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.payload.set(name, value.into());
        self
    }

    /// Leaves a claim out.
    #[must_use]
    pub fn without_claim(mut self, name: &str) -> Self {
        self.payload.remove(name);
        self
    }

    /// Sends this text as payload, JSON or not.
    #[must_use]
    pub fn raw_payload(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.payload = Document::Raw(text.into());
        self
    }

    /// Sends this segment as payload, base64url or not.
    #[must_use]
    pub fn encoded_payload(mut self, segment: impl Into<String>) -> Self {
        self.payload = Document::Encoded(segment.into());
        self
    }

    /// Adds text to the payload before its closing brace.
    #[must_use]
    pub fn claim_text(mut self, member: &str) -> Self {
        self.payload.append(member);
        self
    }

    /// Signs with this key. The header stays as it is.
    #[must_use]
    pub fn signed_by(mut self, key: &PrivateKey) -> Self {
        self.key = key.clone();
        self
    }

    /// Changes one bit of the signature.
    #[must_use]
    pub fn corrupt(mut self) -> Self {
        self.signature = Signature::Corrupt;
        self
    }

    /// Changes the octets of the right signature, such as their form or number.
    #[must_use]
    pub fn changed_signature(mut self, change: fn(Vec<u8>) -> Vec<u8>) -> Self {
        self.signature = Signature::Changed(change);
        self
    }

    /// Sends this segment as signature, base64url or not.
    #[must_use]
    pub fn encoded_signature(mut self, segment: impl Into<String>) -> Self {
        self.signature = Signature::Encoded(segment.into());
        self
    }

    /// The header as text.
    pub fn header_json(&self) -> Vec<u8> {
        self.header.octets()
    }

    /// The payload as text.
    pub fn payload_json(&self) -> Vec<u8> {
        self.payload.octets()
    }

    /// The compact serialisation.
    pub fn compact(&self) -> String {
        let message = format!("{}.{}", self.header.segment(), self.payload.segment());
        let right = || {
            let algorithm = match &self.header {
                Document::Members(members) => members.get("alg").and_then(Value::as_str),
                Document::Raw(_) | Document::Encoded(_) => None,
            };
            let algorithm = algorithm.unwrap_or_else(|| self.key.algorithm());
            self.key.sign(algorithm, message.as_bytes())
        };
        let signature = match &self.signature {
            Signature::Right => encode(right()),
            Signature::Corrupt => {
                let mut octets = right();
                octets[20] ^= 1;
                encode(octets)
            }
            Signature::Changed(change) => encode(change(right())),
            Signature::Encoded(segment) => segment.clone(),
        };
        format!("{message}.{signature}")
    }
}

impl Document {
    fn members(object: Value) -> Self {
        match object {
            Value::Object(members) => Self::Members(members),
            other => Self::Raw(other.to_string().into_bytes()),
        }
    }

    fn set(&mut self, name: &str, value: Value) {
        self.as_members().insert(name.to_owned(), value);
    }

    fn remove(&mut self, name: &str) {
        let removed = self.as_members().remove(name);
        assert!(removed.is_some(), "there is no {name} to leave out");
    }

    fn as_members(&mut self) -> &mut Map<String, Value> {
        match self {
            Self::Members(members) => members,
            Self::Raw(_) | Self::Encoded(_) => panic!("members are set before the text is"),
        }
    }

    fn append(&mut self, member: &str) {
        let mut text = String::from_utf8(self.octets()).unwrap();
        assert_eq!(text.pop(), Some('}'));
        *self = Self::Raw(format!("{text},{member}}}").into_bytes());
    }

    fn octets(&self) -> Vec<u8> {
        match self {
            Self::Members(members) => serde_json::to_vec(members).unwrap(),
            Self::Raw(octets) => octets.clone(),
            Self::Encoded(segment) => super::keys::decode(segment),
        }
    }

    fn segment(&self) -> String {
        match self {
            Self::Encoded(segment) => segment.clone(),
            other => encode(other.octets()),
        }
    }
}
