use core::fmt;

use crate::certificate::PeerCertificate;
use crate::origin::TargetUri;

/// What the rules look at in a request. Everything is borrowed; the body is not there.
#[derive(Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "an adapter fills in every field, and must"
)]
pub struct RequestView<'r> {
    /// The method on the wire, octet by octet: `HEAD` is not `GET`
    /// (DPOP-4.3-8, RFC 9449 section 4.3; HTTP-9.3.2-1).
    pub method: &'r str,
    /// The URI that the client must have signed, from the configured origin and the raw path
    /// (HTTP-7.1-1, RFC 9110 section 7.1).
    pub target: &'r TargetUri,
    /// The raw query, without `?`. Tokens in it are never read (BEARER-2.3-1); it is looked at only
    /// to see that a second one is there (BEARER-2-2).
    pub query: Option<&'r str>,
    /// The `Authorization` lines of the header section, never of the trailers (HTTP-5.3-2).
    pub authorization: FieldLines<'r>,
    /// The `DPoP` lines of the header section, never of the trailers.
    pub dpop: FieldLines<'r>,
    /// The client certificate of the connection, or why there is none.
    pub certificate: PeerCertificate,
}

/// The lines of a header field that may stand there once.
///
/// Lines are counted before anything combines them (DPOP-4.3-1, RFC 9449 section 4.3).
#[derive(Clone, Copy, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "none, one and more is all there is"
)]
pub enum FieldLines<'r> {
    /// No such line.
    Absent,
    /// One line, its value without the white space around it.
    One(&'r [u8]),
    /// Two lines or more, even if they are the same.
    Repeated,
}

impl<'r> FieldLines<'r> {
    /// Counts lines.
    pub fn collect(lines: impl IntoIterator<Item = &'r [u8]>) -> Self {
        let mut lines = lines.into_iter();
        match (lines.next(), lines.next()) {
            (None, _) => Self::Absent,
            (Some(line), None) => Self::One(line),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }
}

/// Credentials do not print, and a query may hold some.
impl fmt::Debug for RequestView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestView")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("authorization", &self.authorization)
            .field("dpop", &self.dpop)
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// The length alone: the octets are credentials.
impl fmt::Debug for FieldLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::One(line) => write!(f, "One({} octets)", line.len()),
            Self::Repeated => f.write_str("Repeated"),
        }
    }
}
