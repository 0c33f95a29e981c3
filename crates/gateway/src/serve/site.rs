//! From the configuration to what the guard enforces.

use core::fmt;
use std::error::Error;
use std::sync::Arc;

use http::Uri;
use keybound::crypto::CryptoProvider;
use keybound::{
    Enforcer, IssuerPolicy, PolicyError, ProofPolicy, RoutePolicy, Spending, TokenProfile,
};
use keybound_crypto::IssuerAlgorithms;
use keybound_hyper::{Keys, Site, SiteError};
use keybound_sources::{
    Discovery, FetchError, HttpClient, HttpSettings, HttpSettingsError, IssuerKeys, KeySource,
    PlainHttp, Roots, Settings, SettingsError, SourceUrl, UrlError, WellKnown,
};

use super::handler::Target;
use super::log::Log;
use crate::config::{self, Config};
use crate::proxy::Upstream;

/// The crypto of the binary: every algorithm that proofs and issuers use.
pub(crate) fn provider() -> Arc<dyn CryptoProvider> {
    Arc::new(IssuerAlgorithms)
}

/// The keys of each issuer, for whoever wants to know how their fetches go.
pub(super) type Issuers = Vec<(String, IssuerKeys)>;

/// Builds policies and upstreams, and fetches each issuer's keys once.
pub(super) async fn build(config: &Config) -> Result<(Site<Target>, Issuers), SiteFailure> {
    let provider = provider();
    let mut enforcer = Enforcer::builder(Arc::clone(&provider))
        .proof(proof_policy(&config.proof)?)
        .limits(config.limits);
    for issuer in &config.issuers {
        enforcer = enforcer.issuer(issuer_policy(issuer)?);
    }
    let mut site = Site::builder(enforcer.build()?);
    let mut issuers = Vec::new();
    for issuer in &config.issuers {
        let mut settings = Settings::default();
        settings.limits = config.limits;
        let source = key_source(issuer)?;
        let keys = IssuerKeys::start(source, settings, Arc::clone(&provider)).await?;
        issuers.push((issuer.issuer.clone(), keys.clone()));
        site = site.keys(&issuer.issuer, Keys::Fetched(keys));
    }
    let upstreams = config
        .upstreams
        .iter()
        .map(|upstream| Ok((upstream.name.clone(), Upstream::new(upstream)?)))
        .collect::<Result<Vec<_>, rustls::Error>>()?;
    for route in &config.routes {
        let policy = route_policy(route, &config.issuers)?;
        // The configuration resolved the position when it read the route.
        let Some((name, upstream)) = upstreams.get(route.upstream) else {
            continue;
        };
        let target = Target {
            upstream: upstream.clone(),
            name: name.clone(),
            credentials: route.credentials,
        };
        site = site.route(&route.path, policy, target);
    }
    Ok((site.build()?, issuers))
}

fn proof_policy(proof: &config::Proof) -> Result<ProofPolicy, PolicyError> {
    ProofPolicy::default()
        .with_algorithms(&proof.algorithms)?
        .with_window(proof.window)?
        .with_nonce_lifetime(proof.nonce_lifetime.as_secs())
}

fn issuer_policy(issuer: &config::Issuer) -> Result<IssuerPolicy, PolicyError> {
    let policy = IssuerPolicy::new(&issuer.issuer, &issuer.audience)?
        .with_algorithms(&issuer.algorithms)?
        .with_leeway(issuer.leeway.as_secs())?
        .with_profile(match &issuer.profile {
            config::Profile::Rfc9068 => TokenProfile::Rfc9068,
            config::Profile::Legacy(legacy) => TokenProfile::Legacy(legacy.clone()),
        });
    Ok(match issuer.max_lifetime {
        Some(lifetime) => policy.with_max_lifetime(lifetime.as_secs()),
        None => policy,
    })
}

fn route_policy(
    route: &config::Route,
    issuers: &[config::Issuer],
) -> Result<RoutePolicy, PolicyError> {
    let accepted = route.issuers.iter().filter_map(|at| issuers.get(*at));
    let policy = RoutePolicy::new(route.binding)
        .with_scopes(&route.scopes)?
        .with_issuers(accepted.map(|issuer| &issuer.issuer))
        .with_nonce(route.nonce)?
        .with_spending(match route.mode {
            config::Mode::Enforce => Spending::Spend,
            config::Mode::VerifyOnly => Spending::VerifyOnly,
        })?;
    match &route.realm {
        Some(realm) => policy.with_realm(realm),
        None => Ok(policy),
    }
}

fn key_source(issuer: &config::Issuer) -> Result<KeySource, SiteFailure> {
    let roots = match &issuer.trust {
        config::UpstreamTrust::PublicAuthorities => Roots::Public,
        config::UpstreamTrust::Authorities(own) => Roots::Only(own.clone()),
    };
    let mut settings = HttpSettings::default();
    settings.roots = roots;
    // The configuration takes plain http on loopback only, where it is a normal case.
    let plain_http = PlainHttp::DangerAllowOnLoopback;
    let url = |uri: &Uri| SourceUrl::parse(&uri.to_string(), plain_http);
    Ok(match &issuer.keys {
        config::KeySource::File { path, .. } => KeySource::file(path),
        config::KeySource::Uri(uri) => KeySource::jwks(url(uri)?, HttpClient::new(&settings)?),
        config::KeySource::Discovery(document) => {
            let document = match document {
                config::Discovery::OAuth => WellKnown::OAuthAuthorizationServer,
                config::Discovery::Oidc => WellKnown::OpenIdConfiguration,
            };
            let discovery = Discovery::new(&issuer.issuer, document, plain_http)?;
            KeySource::metadata(discovery, HttpClient::new(&settings)?)
        }
    })
}

/// Says at the start how it went, for that is when somebody looks.
pub(super) fn report_keys(issuer: &str, keys: &IssuerKeys, log: &Log) {
    let status = keys.status();
    match (keys.current(), status.last_error) {
        (Ok(_), _) => log.event("keys", &format!("{issuer}: {} usable keys", status.keys)),
        (Err(_), Some(error)) => log.event("keys_unavailable", &explain(issuer, &error)),
        (Err(unavailable), None) => {
            log.event("keys_unavailable", &format!("{issuer}: {unavailable}"));
        }
    }
}

fn explain(issuer: &str, error: &FetchError) -> String {
    format!("{issuer}: {error}; its tokens are answered 503 until a fetch succeeds")
}

/// Why a checked configuration makes no site.
#[derive(Debug)]
pub(crate) enum SiteFailure {
    /// A policy that cannot be kept.
    Policy(PolicyError),
    /// Policies, issuers and keys that do not fit together.
    Site(SiteError),
    /// The address of keys.
    Url(UrlError),
    /// The client that fetches keys.
    Client(HttpSettingsError),
    /// The times of fetches.
    Settings(SettingsError),
    /// The TLS client of an upstream.
    Tls(rustls::Error),
}

impl fmt::Display for SiteFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(error) => error.fmt(f),
            Self::Site(error) => error.fmt(f),
            Self::Url(error) => write!(f, "address of keys: {error}"),
            Self::Client(error) => write!(f, "fetching keys: {error}"),
            Self::Settings(error) => write!(f, "fetching keys: {error}"),
            Self::Tls(error) => write!(f, "TLS towards an upstream: {error}"),
        }
    }
}

impl Error for SiteFailure {}

/// Each kind of failure has one place where it comes from.
macro_rules! from {
    ($($variant:ident($error:ty);)+) => {
        $(impl From<$error> for SiteFailure {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })+
    };
}

from! {
    Policy(PolicyError);
    Site(SiteError);
    Url(UrlError);
    Client(HttpSettingsError);
    Settings(SettingsError);
    Tls(rustls::Error);
}
