use keybound::crypto::CryptoProvider as _;
use keybound::{CertificateThumbprint, PeerCertificate};
use keybound_crypto::IssuerAlgorithms;

use super::URL;

/// A request as it arrives. The fields are for a test to change.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method on the wire.
    pub method: String,
    /// The absolute URI, perhaps with a query.
    pub url: String,
    /// The values of the `Authorization` lines.
    pub authorization: Vec<Vec<u8>>,
    /// The values of the `DPoP` lines.
    pub dpop: Vec<Vec<u8>>,
    /// The client certificate of the connection.
    pub certificate: PeerCertificate,
}

impl Request {
    /// `GET` of [`URL`], without credentials and without a certificate.
    pub fn get() -> Self {
        Self {
            method: "GET".to_owned(),
            url: URL.to_owned(),
            authorization: Vec::new(),
            dpop: Vec::new(),
            certificate: PeerCertificate::NotPresented,
        }
    }

    /// Sets the method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = method.to_owned();
        self
    }

    /// Sets the URI.
    #[must_use]
    pub fn url(mut self, url: &str) -> Self {
        self.url = url.to_owned();
        self
    }

    /// Adds an `Authorization` line.
    #[must_use]
    pub fn authorization(mut self, line: impl AsRef<[u8]>) -> Self {
        self.authorization.push(line.as_ref().to_vec());
        self
    }

    /// Adds a `DPoP` line.
    #[must_use]
    pub fn dpop(mut self, line: impl AsRef<[u8]>) -> Self {
        self.dpop.push(line.as_ref().to_vec());
        self
    }

    /// Presents a certificate, such as [`certificate`] makes.
    #[must_use]
    pub fn certificate(mut self, certificate: PeerCertificate) -> Self {
        self.certificate = certificate;
        self
    }
}

/// A connection whose client presented a certificate with this content. The pipeline sees nothing of
/// a certificate but its hash.
pub fn certificate(der: &[u8]) -> PeerCertificate {
    let digest = IssuerAlgorithms.sha256(&[der]);
    PeerCertificate::Presented(CertificateThumbprint::from_digest(digest))
}
