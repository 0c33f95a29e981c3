use core::fmt;

use rustls_pki_types::CertificateDer;
use subtle::ConstantTimeEq;

use crate::crypto::CryptoProvider;
use crate::encoding::{Base64Url, encode_32};

/// `x5t#S256`: the SHA-256 of a certificate's DER (MTLS-3.1-2, RFC 8705 section 3.1).
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct CertificateThumbprint([u8; 32]);

impl CertificateThumbprint {
    /// Hashes a certificate. Do this once a connection, not once a request.
    pub fn of(certificate: &CertificateDer<'_>, provider: &dyn CryptoProvider) -> Self {
        Self(provider.sha256(&[certificate.as_ref()]))
    }

    /// Takes a digest that the TLS layer has already computed over the leaf's DER.
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The 43 octets that a token's `cnf` must hold, unpadded base64url.
    pub fn encoded(&self) -> Base64Url {
        encode_32(&self.0)
    }

    /// Compares with the text of a `cnf` member, octet by octet and in constant time: the member is
    /// never decoded (MTLS-3.1-3, RFC 8705 section 3.1; JWS-10.9-1, RFC 7515 section 10.9).
    pub fn matches(&self, confirmation: &str) -> bool {
        bool::from(self.encoded().as_bytes().ct_eq(confirmation.as_bytes()))
    }
}

impl fmt::Debug for CertificateThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateThumbprint({})", self.encoded())
    }
}

impl fmt::Display for CertificateThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.encoded(), f)
    }
}

/// The client certificate of the connection, or the reason why there is none.
///
/// Absent in any way is a mismatch for a certificate-bound token, never a reason to skip the check
/// (MTLS-3-8, RFC 8705 section 3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PeerCertificate {
    /// The client proved possession of this certificate's key, to this listener or to a proxy
    /// that this listener was configured to believe.
    Presented(CertificateThumbprint),
    /// The listener asks for a certificate and the client sent none.
    NotPresented,
    /// The listener does not ask for one.
    NotRequested,
    /// The connection is not TLS, or ends at a proxy that forwards no certificate.
    TerminatedElsewhere,
}

impl PeerCertificate {
    /// The thumbprint, if a certificate was presented.
    pub const fn thumbprint(&self) -> Option<&CertificateThumbprint> {
        match self {
            Self::Presented(thumbprint) => Some(thumbprint),
            Self::NotPresented | Self::NotRequested | Self::TerminatedElsewhere => None,
        }
    }
}
