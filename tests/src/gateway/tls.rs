use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio_rustls::TlsConnector;

use super::http1;

/// A certificate for `api.example.com`, and clients that trust it.
#[derive(Clone, Debug)]
pub struct Tls {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key_pem: String,
}

impl Tls {
    /// Makes key and certificate.
    ///
    /// # Panics
    ///
    /// If the system has no randomness.
    pub fn generate() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([NAME.to_owned()]).unwrap();
        Self {
            certificate: cert.der().clone(),
            certificate_pem: cert.pem(),
            key_pem: signing_key.serialize_pem(),
        }
    }

    /// Writes `tls.pem` and `tls.key`.
    ///
    /// # Panics
    ///
    /// If they cannot be written.
    pub fn write_to(&self, folder: &Path) {
        fs::write(folder.join("tls.pem"), &self.certificate_pem).unwrap();
        fs::write(folder.join("tls.key"), &self.key_pem).unwrap();
    }

    /// The private key as text, which nobody else should ever see.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Connects for HTTP/1.1. What is negotiated is in the stream's `conn`.
    ///
    /// # Panics
    ///
    /// If there is no connection.
    pub fn connect(
        &self,
        address: SocketAddr,
        protocols: &[&[u8]],
    ) -> StreamOwned<ClientConnection, TcpStream> {
        self.connect_with(address, &self.client(protocols))
    }

    /// Connects with settings that remember the sessions before.
    ///
    /// # Panics
    ///
    /// If there is no connection.
    pub fn connect_with(
        &self,
        address: SocketAddr,
        client: &Arc<ClientConfig>,
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let session = ClientConnection::new(Arc::clone(client), name()).unwrap();
        StreamOwned::new(session, http1::connect(address).unwrap())
    }

    pub(super) async fn connect_async(
        &self,
        stream: tokio::net::TcpStream,
        protocols: &[&[u8]],
    ) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
        let connector = TlsConnector::from(self.client(protocols));
        connector.connect(name(), stream).await.unwrap()
    }

    /// A client's settings, with early data for servers that offer it.
    ///
    /// # Panics
    ///
    /// If the certificate is of no use.
    pub fn client(&self, protocols: &[&[u8]]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        config.enable_early_data = true;
        Arc::new(config)
    }
}

fn name() -> ServerName<'static> {
    ServerName::try_from(NAME).unwrap()
}

const NAME: &str = "api.example.com";
