//! The TLS side of a listener.

use std::sync::Arc;

use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use super::client_certificate::verifier;
use crate::config::{self, ClientCertificates};

/// The TLS of a listener: versions 1.2 and 1.3, HTTP/2 preferred by ALPN, never early data
/// (HTTP-8470-3-1, RFC 8470 section 3).
#[derive(Clone)]
pub(crate) struct ServerTls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) asks: Asks,
}

/// Whether clients are asked for a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asks {
    ForNoCertificate,
    ForCertificate,
}

impl ServerTls {
    /// Makes it from the configuration. Sessions are kept with the value, so none outlives a reload
    /// that makes a new one; a resumed session keeps the certificate that the client showed when it
    /// began.
    ///
    /// # Errors
    ///
    /// If certificate and key do not fit each other, or an authority for clients is of no use.
    pub(crate) fn new(settings: &config::Tls) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = verifier(&settings.client_certificates, &provider)?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(clients)
            .with_single_cert(settings.certificates.clone(), settings.key.clone_key())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.max_early_data_size = 0;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            asks: match settings.client_certificates {
                ClientCertificates::Off => Asks::ForNoCertificate,
                ClientCertificates::Any | ClientCertificates::From(_) => Asks::ForCertificate,
            },
        })
    }
}
