//! From the configuration to what the guard enforces.

use core::fmt;
use std::error::Error;
use std::sync::Arc;

use keybound::crypto::CryptoProvider;
use keybound::{
    Enforcer, IssuerPolicy, Limits, PolicyError, ProofPolicy, RoutePolicy, Spending, TokenProfile,
};
use keybound_crypto::IssuerAlgorithms;
use keybound_hyper::{Keys, Site, SiteError};
use keybound_sources::{
    FetchError, HttpClient, HttpSettings, HttpSettingsError, IssuerKeys, KeySource, Roots,
    Settings, SettingsError,
};
use tokio::task::{JoinError, JoinSet};

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

/// Does everything for which no network is needed.
///
/// # Errors
///
/// Everything in [`SiteFailure`] that comes without it.
pub(crate) fn check(config: &Config) -> Result<(), SiteFailure> {
    plan(config, &provider()).map(drop)
}

/// Builds policies and upstreams, and fetches each issuer's keys once.
pub(super) async fn build(config: &Config) -> Result<(Site<Target>, Issuers), SiteFailure> {
    let provider = provider();
    let Plan {
        enforcer,
        sources,
        routes,
    } = plan(config, &provider)?;
    let issuers = start(sources, config.limits, &provider).await?;
    let mut site = Site::builder(enforcer);
    for (issuer, keys) in &issuers {
        site = site.keys(issuer, Keys::Fetched(keys.clone()));
    }
    for (path, policy, target) in routes {
        site = site.route(path, policy, target);
    }
    Ok((site.build()?, issuers))
}

/// A site without keys.
struct Plan {
    enforcer: Enforcer,
    sources: Vec<(String, KeySource)>,
    routes: Vec<(String, RoutePolicy, Target)>,
}

fn plan(config: &Config, provider: &Arc<dyn CryptoProvider>) -> Result<Plan, SiteFailure> {
    let mut enforcer = Enforcer::builder(Arc::clone(provider))
        .proof(proof_policy(&config.proof)?)
        .limits(config.limits);
    for issuer in &config.issuers {
        enforcer = enforcer.issuer(issuer_policy(issuer)?);
    }
    let sources = config
        .issuers
        .iter()
        .map(|issuer| Ok((issuer.issuer.clone(), key_source(issuer)?)))
        .collect::<Result<_, SiteFailure>>()?;
    let upstreams = config
        .upstreams
        .iter()
        .map(|upstream| Ok((upstream.name.clone(), Upstream::new(upstream)?)))
        .collect::<Result<Vec<_>, rustls::Error>>()?;
    let mut routes = Vec::new();
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
        routes.push((route.path.clone(), policy, target));
    }
    Ok(Plan {
        enforcer: enforcer.build()?,
        sources,
        routes,
    })
}

/// Fetches from all issuers at the same time, so that the start waits for the slowest and not for the
/// sum of them. They come back in the order of the configuration.
async fn start(
    sources: Vec<(String, KeySource)>,
    limits: Limits,
    provider: &Arc<dyn CryptoProvider>,
) -> Result<Issuers, SiteFailure> {
    let mut fetches = JoinSet::new();
    for (position, (issuer, source)) in sources.into_iter().enumerate() {
        let mut settings = Settings::default();
        settings.limits = limits;
        let provider = Arc::clone(provider);
        fetches.spawn(async move {
            let keys = IssuerKeys::start(source, settings, provider).await?;
            Ok::<_, SettingsError>((position, (issuer, keys)))
        });
    }
    let mut issuers = Vec::new();
    while let Some(fetched) = fetches.join_next().await {
        issuers.push(fetched??);
    }
    issuers.sort_by_key(|(position, _)| *position);
    Ok(issuers.into_iter().map(|(_, issuer)| issuer).collect())
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
        config::Trust::PublicAuthorities => Roots::Public,
        config::Trust::Authorities(own) => Roots::Only(own.clone()),
    };
    let mut settings = HttpSettings::default();
    settings.roots = roots;
    Ok(match &issuer.keys {
        config::KeySource::File(path) => KeySource::file(path),
        config::KeySource::Uri(url) => KeySource::jwks(url.clone(), HttpClient::new(&settings)?),
        config::KeySource::Discovery(discovery) => {
            KeySource::metadata(discovery.clone(), HttpClient::new(&settings)?)
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
    /// The client that fetches keys.
    Client(HttpSettingsError),
    /// The times of fetches.
    Settings(SettingsError),
    /// A fetch that ended in the middle.
    Fetch(JoinError),
    /// The TLS client of an upstream.
    Tls(rustls::Error),
}

impl fmt::Display for SiteFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(error) => error.fmt(f),
            Self::Site(error) => error.fmt(f),
            Self::Client(error) => write!(f, "fetching keys: {error}"),
            Self::Settings(error) => write!(f, "fetching keys: {error}"),
            Self::Fetch(error) => write!(f, "fetching keys: {error}"),
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
    Client(HttpSettingsError);
    Settings(SettingsError);
    Fetch(JoinError);
    Tls(rustls::Error);
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::path::Path;
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    /// Four servers, none of which answers before all have been asked.
    #[tokio::test]
    async fn issuers_are_fetched_at_the_same_time_and_keep_their_order() {
        let all = Arc::new(Barrier::new(4));
        let mut text = String::from(
            r#"
[[listener]]
address = "127.0.0.1:0"
authorities = { "localhost" = "https://api.example.com" }
[[upstream]]
name = "orders"
url = "http://127.0.0.1:9000"
[[route]]
path = "/"
upstream = "orders"
binding = "open"
"#,
        );
        let mut servers = Vec::new();
        for number in 0..4 {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            text += &format!(
                "[[issuer]]\nissuer = \"urn:{number}\"\naudience = [\"a\"]\n\
                 jwks_uri = \"http://127.0.0.1:{port}/\"\n"
            );
            let all = Arc::clone(&all);
            servers.push(thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _read = stream.read(&mut [0; 4096]).unwrap();
                all.wait();
                let length = KEYS.len();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                stream.write_all((head + KEYS).as_bytes()).unwrap();
            }));
        }
        let config = Config::parse(&text, Path::new("keybound.toml"), &*provider()).unwrap();
        let (_site, issuers) = build(&config).await.unwrap();
        let fetched: Vec<_> = issuers
            .iter()
            .map(|(name, keys)| (name.as_str(), keys.current().is_ok()))
            .collect();
        assert_eq!(
            fetched,
            ["urn:0", "urn:1", "urn:2", "urn:3"].map(|name| (name, true))
        );
        for server in servers {
            server.join().unwrap();
        }
    }

    /// The key of RFC 7517 appendix A.1.
    const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1",
        "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
}
