use std::time::{Duration, Instant};

use keybound::KeySetError;
use keybound_sources::{
    Discovery, FetchError, IssuerKeys, KeySource, KeysUnavailable, MetadataError, PlainHttp,
    Settings, WellKnown,
};
use tokio::task::JoinSet;

use crate::server::{Reply, Server};
use crate::{TOTAL, client, document, fast, generation, start, until, url};

#[tokio::test]
async fn a_set_from_a_url_is_refreshed() {
    let server = Server::start().await;
    server.reply("/jwks", Reply::ok(&document(&["a"])));
    let keys = from_url(&server, fast()).await;
    assert_eq!(generation(&keys), Ok(1));
    let header = "Cache-Control: max-age=0\r\n";
    let reply = Reply::with("200 OK", header, &document(&["a", "b"]));
    server.reply("/jwks", reply);
    until("refreshed", || generation(&keys) == Ok(2)).await;
}

#[tokio::test]
async fn every_bad_answer_is_told_and_the_good_set_stays() {
    let server = Server::start().await;
    server.reply("/jwks", Reply::ok(&document(&["a"])));
    let mut settings = fast();
    settings.limits.key_set = 10_000;
    let keys = from_url(&server, settings).await;
    let malformed = FetchError::BadDocument(KeySetError::Malformed);
    let rows = [
        (
            Reply::with("500 Internal Server Error", "", ""),
            FetchError::Status(500),
        ),
        (
            Reply::with("302 Found", "Location: /other\r\n", ""),
            FetchError::Redirect,
        ),
        (
            Reply::with("200 OK", "Content-Encoding: gzip\r\n", "\u{1f}"),
            FetchError::Encoding,
        ),
        (
            Reply::ok(&" ".repeat(10_001)),
            FetchError::TooLarge { limit: 10_000 },
        ),
        (Reply::ok("<html>sign in</html>"), malformed.clone()),
        (
            Reply::ok(&document(&["x"]).replace("\"kid\"", "\"x\"")),
            malformed.clone(),
        ),
        (
            Reply::ok(r#"{"keys":[]}"#),
            FetchError::BadDocument(KeySetError::NoUsableKey),
        ),
        // A length that is too short for the set.
        (
            Reply::Octets(
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{}",
                    document(&["x"])
                )
                .into(),
            ),
            malformed,
        ),
        (
            Reply::Octets(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}".to_vec()),
            FetchError::BrokenAnswer,
        ),
        (Reply::Hang(Vec::new()), FetchError::Timeout),
    ];
    for (reply, expected) in rows {
        server.reply("/jwks", reply);
        tokio::time::sleep(settings.refetch_gap).await;
        let failures = keys.status().failures;
        // An unknown kid brings the fetch about; the known one does not notice.
        let refetch = tokio::spawn(unknown(&keys));
        until("told", || {
            keys.status().failures > failures && keys.status().last_error == Some(expected.clone())
        })
        .await;
        assert_eq!(refetch.await.unwrap(), Ok(1));
        assert_eq!(known(&keys).await, Ok(1), "{expected}");
    }
}

#[tokio::test]
async fn a_set_is_as_large_as_the_limit_or_refused() {
    let server = Server::start().await;
    let text = document(&["a"]);
    let limit = text.len() + 1;
    let mut settings = fast();
    settings.limits.key_set = limit;
    for (padding, expected) in [
        (0, None),
        (1, None),
        (2, Some(FetchError::TooLarge { limit })),
    ] {
        let body = format!("{text}{}", " ".repeat(padding));
        server.reply("/jwks", Reply::ok(&body));
        let keys = from_url(&server, settings).await;
        assert_eq!(keys.status().last_error, expected, "{padding}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_in_a_flood_of_unknown_kids_is_found_with_few_fetches() {
    let server = Server::start().await;
    server.reply("/jwks", Reply::ok(&document(&["a"])));
    let mut settings = fast();
    settings.max_waiting = 16;
    let keys = from_url(&server, settings).await;

    let mut flood = JoinSet::new();
    for _ in 0..100 {
        let keys = keys.clone();
        flood.spawn(async move {
            let end = Instant::now() + Duration::from_secs(1);
            let mut sent = 0_u64;
            while Instant::now() < end {
                keys.for_kid(Some("unknown")).await.unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
                sent += 1;
            }
            sent
        });
    }
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut rotated = false;
    while began.elapsed() < Duration::from_secs(1) {
        if !rotated && began.elapsed() > Duration::from_millis(500) {
            server.reply("/jwks", Reply::ok(&document(&["a", "b"])));
            rotated = true;
        }
        let asked = Instant::now();
        keys.for_kid(Some("a")).await.unwrap();
        slowest = slowest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let sent: u64 = flood.join_all().await.iter().sum();
    assert!(sent > 1_000, "{sent}");
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    assert_eq!(generation(&keys), Ok(2));
    // One at the start and one each 100 ms.
    let fetches = u128::try_from(server.requests().len()).unwrap();
    let most = began.elapsed().as_millis() / settings.refetch_gap.as_millis() + 1;
    assert!((2..=most).contains(&fetches), "{fetches} of {most}");
}

#[tokio::test]
async fn an_endpoint_that_goes_down_and_comes_up_again_is_recovered() {
    let server = Server::start().await;
    server.reply("/jwks", Reply::ok(&document(&["a"])));
    let keys = from_url(&server, fast()).await;
    let port = server.port;
    drop(server);
    tokio::time::sleep(fast().refetch_gap).await;
    assert_eq!(unknown(&keys).await, Ok(1));
    assert_eq!(keys.status().last_error, Some(FetchError::Connect));
    assert_eq!(known(&keys).await, Ok(1));

    let server = Server::start_at(port).await;
    server.reply("/jwks", Reply::ok(&document(&["a", "b"])));
    until("recovered", || generation(&keys) == Ok(2)).await;
    assert_eq!(keys.status().consecutive_failures, 0);
}

#[tokio::test]
async fn a_start_without_the_endpoint_is_recovered_too() {
    let server = Server::start().await;
    let keys = from_url(&server, fast()).await;
    assert_eq!(generation(&keys), Err(KeysUnavailable::NeverFetched));
    assert_eq!(keys.status().last_error, Some(FetchError::Status(404)));
    server.reply("/jwks", Reply::ok(&document(&["a"])));
    until("recovered", || generation(&keys) == Ok(1)).await;
}

#[tokio::test]
async fn stale_keys_end_in_unavailable() {
    let server = Server::start().await;
    server.reply("/jwks", Reply::ok(&document(&["a"])));
    let mut settings = fast();
    settings.max_stale = Duration::from_secs(1);
    settings.refresh_max = Duration::from_secs(1);
    settings.refresh = Duration::from_millis(600);
    let keys = from_url(&server, settings).await;
    server.reply("/jwks", Reply::with("503 Service Unavailable", "", ""));
    let stale = Err(KeysUnavailable::TooStale);
    until("too stale", || generation(&keys) == stale).await;
    assert_eq!(known(&keys).await, stale);
    server.reply("/jwks", Reply::ok(&document(&["a"])));
    until("fresh again", || generation(&keys) == Ok(1)).await;
}

// rules: ATJWT-4-9 (positive)
#[tokio::test]
async fn atjwt_4_9_keys_are_found_by_either_metadata_document() {
    let server = Server::start().await;
    let issuer = server.url("/realms/a/");
    let metadata = format!(
        r#"{{"issuer":"{issuer}","jwks_uri":"{}","other":[1]}}"#,
        server.url("/jwks")
    );
    let rows = [
        (
            WellKnown::OAuthAuthorizationServer,
            "/.well-known/oauth-authorization-server/realms/a",
        ),
        (
            WellKnown::OpenIdConfiguration,
            "/realms/a/.well-known/openid-configuration",
        ),
    ];
    for (well_known, path) in rows {
        server.reply(path, Reply::ok(&metadata));
        server.reply("/jwks", Reply::ok(&document(&["a"])));
        let keys = from_metadata(&issuer, well_known).await;
        assert_eq!(generation(&keys), Ok(1), "{path}");

        // The metadata is read again with each fetch: the keys may move.
        server.reply(path, Reply::ok(&metadata.replace("/jwks\"", "/moved\"")));
        server.reply("/moved", Reply::ok(&document(&["a", "b"])));
        tokio::time::sleep(fast().refetch_gap).await;
        assert_eq!(unknown(&keys).await, Ok(2), "{path}");
    }
}

// rules: ATJWT-4-9 (negative)
#[tokio::test]
async fn atjwt_4_9_metadata_of_another_issuer_leads_to_no_keys() {
    let server = Server::start().await;
    let configured = server.url("");
    let rows = [
        server.url("/"),
        server.url("").replace("127.0.0.1", "localhost"),
        "https://as.example.com".to_owned(),
    ];
    for found in rows {
        let metadata = format!(
            r#"{{"issuer":"{found}","jwks_uri":"{}"}}"#,
            server.url("/jwks")
        );
        let path = "/.well-known/oauth-authorization-server";
        server.reply(path, Reply::ok(&metadata));
        let keys = from_metadata(&configured, WellKnown::OAuthAuthorizationServer).await;
        assert_eq!(generation(&keys), Err(KeysUnavailable::NeverFetched));
        assert_eq!(
            keys.status().last_error,
            Some(FetchError::IssuerMismatch {
                configured: configured.clone(),
                found,
            })
        );
    }
    let asked_for_keys = server
        .requests()
        .iter()
        .any(|request| request.contains("/jwks"));
    assert!(!asked_for_keys);
}

#[tokio::test]
async fn metadata_has_its_own_limit_and_leads_to_safe_urls_only() {
    let server = Server::start().await;
    let issuer = server.url("");
    let metadata = |jwks_uri: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}"#);
    let good = metadata(&server.url("/jwks"));
    let padded = |length: usize| format!("{good}{}", " ".repeat(length - good.len()));
    let limit = 64 * 1024;
    let too_large = Some(FetchError::TooLarge { limit });
    let rows = [
        (padded(limit - 1), None),
        (padded(limit), None),
        (padded(limit + 1), too_large),
        (
            metadata("http://as.example.com/jwks"),
            Some(FetchError::InsecureUrl),
        ),
        (
            metadata("http://169.254.169.254/"),
            Some(FetchError::InsecureUrl),
        ),
        (
            String::new(),
            Some(FetchError::BadMetadata(MetadataError::Malformed)),
        ),
    ];
    server.reply("/jwks", Reply::ok(&document(&["a"])));
    for (text, expected) in rows {
        server.reply("/.well-known/openid-configuration", Reply::ok(&text));
        let keys = from_metadata(&issuer, WellKnown::OpenIdConfiguration).await;
        assert_eq!(keys.status().last_error, expected);
    }
}

#[tokio::test]
async fn debug_output_shows_no_keys() {
    let server = Server::start().await;
    server.reply("/jwks", Reply::ok(&document(&["a"])));
    let keys = from_url(&server, fast()).await;
    assert_eq!(format!("{keys:?}"), "IssuerKeys { .. }");
}

async fn from_url(server: &Server, settings: Settings) -> IssuerKeys {
    start(
        KeySource::jwks(url(&server.url("/jwks")), client(TOTAL)),
        settings,
    )
    .await
}

async fn from_metadata(issuer: &str, well_known: WellKnown) -> IssuerKeys {
    let discovery = Discovery::new(issuer, well_known, PlainHttp::DangerAllowOnLoopback).unwrap();
    start(KeySource::metadata(discovery, client(TOTAL)), fast()).await
}

async fn known(keys: &IssuerKeys) -> Result<u64, KeysUnavailable> {
    keys.for_kid(Some("a")).await.map(|set| set.generation())
}

fn unknown(keys: &IssuerKeys) -> impl Future<Output = Result<u64, KeysUnavailable>> + use<> {
    let keys = keys.clone();
    async move {
        keys.for_kid(Some("unknown"))
            .await
            .map(|set| set.generation())
    }
}
