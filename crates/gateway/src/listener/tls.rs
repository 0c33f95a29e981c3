//! The TLS side of a listener.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use crate::config;

/// What a listener asks of the client's certificate.
#[derive(Clone, Debug)]
pub(crate) enum ClientAuth {
    /// Nothing; none is asked for.
    Off,
    /// What the verifier says.
    By(Arc<dyn ClientCertVerifier>),
}

/// Builds the TLS configuration of a listener: TLS 1.2 and 1.3, HTTP/2 preferred by ALPN, never
/// early data (HTTP-8470-3-1, RFC 8470 section 3).
///
/// # Errors
///
/// If certificate and key do not fit each other.
pub(crate) fn server_config(
    settings: &config::Tls,
    clients: ClientAuth,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(match clients {
            ClientAuth::Off => WebPkiClientVerifier::no_client_auth(),
            ClientAuth::By(verifier) => verifier,
        });
    let mut tls =
        builder.with_single_cert(settings.certificates.clone(), settings.key.clone_key())?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    tls.max_early_data_size = 0;
    Ok(Arc::new(tls))
}
