use super::refusals::errors;
use super::*;

#[test]
fn numbers_are_refused_one_beyond_their_range() {
    for (table, key, min, max) in [
        ("proof", "max_age", 1, 300),
        ("proof", "max_future", 0, 60),
        ("proof", "nonce_lifetime", 30, 300),
        ("replay", "capacity", 1, 100_000_000),
        ("limits", "jti", 16, 4_096),
        ("limits", "htu", 64, 16_384),
        ("limits", "key_set", 1_024, 8_388_608),
    ] {
        for (value, fits) in [
            (i64::MIN, false),
            (min - 1, false),
            (min, true),
            (max, true),
            (max + 1, false),
            (i64::MAX, false),
        ] {
            let text = format!("{LEAST}[{table}]\n{key} = {value}\n");
            let problems = match parse(&text) {
                Ok(_) => Vec::new(),
                Err(errors) => errors.into_iter().map(|error| error.problem).collect(),
            };
            let range = Problem::OutOfRange {
                key,
                min: min.unsigned_abs(),
                max: max.unsigned_abs(),
            };
            let expected = if fits { vec![] } else { vec![range] };
            assert_eq!(problems, expected, "{key} = {value}");
        }
    }
}

#[test]
fn a_header_section_has_room_for_the_largest_token_and_proof() {
    let needed = 16_384 + 8_192 + 8_192;
    for (bytes, fits) in [(needed - 1, false), (needed, true), (needed + 1, true)] {
        let text = LEAST.replace(
            "[[issuer]]",
            &format!("max_header_bytes = {bytes}\n[[issuer]]"),
        );
        match parse(&text) {
            Ok(config) => assert!(fits && config.listeners[0].http.max_header_bytes == bytes),
            Err(errors) => {
                assert!(!fits);
                assert_eq!(errors[0].problem, Problem::HeaderLimitTooSmall { needed });
            }
        }
    }
    let text = LEAST.to_owned() + "[limits]\ntoken = 65_536\nproof = 65_536\n";
    assert_eq!(
        parse(&text).unwrap().listeners[0].http.max_header_bytes,
        139_264
    );
}

#[test]
fn nothing_has_one_name_with_two_meanings() {
    for (table, key, value) in [
        (
            "[[upstream]]\nname = \"orders\"\nurl = \"http://127.0.0.1\"\n",
            "name",
            "orders",
        ),
        (
            "[[issuer]]\nissuer = \"https://as.example.com\"\naudience = [\"a\"]\ndiscovery = \"oidc\"\n",
            "issuer",
            "https://as.example.com",
        ),
        (
            "[[route]]\npath = \"/\"\nupstream = \"orders\"\nbinding = \"open\"\n",
            "path",
            "/",
        ),
        (
            "[[listener]]\naddress = \"127.0.0.1:8080\"\nauthorities = { a = \"https://a\" }\n",
            "address",
            "127.0.0.1:8080",
        ),
    ] {
        let value = value.to_owned();
        let found = errors(&format!("{LEAST}{table}"));
        let problems: Vec<Problem> = found.into_iter().map(|(_, _, problem)| problem).collect();
        assert_eq!(problems, [Problem::Duplicate { key, value }]);
    }
}

#[test]
fn a_table_that_should_be_an_array_says_so() {
    let text = LEAST.replace("[[route]]", "[route]");
    let expected = "an array of tables, each under a heading in double brackets";
    let problem = Problem::WrongType {
        key: "route",
        expected,
        found: "a table",
    };
    assert_eq!(errors(&text), [(12, 1, problem)]);
}

#[test]
fn a_route_that_reads_tokens_needs_an_issuer() {
    let start = LEAST.find("[[issuer]]").unwrap();
    let end = LEAST.find("[[upstream]]").unwrap();
    let without = LEAST.replace(&LEAST[start..end], "");
    let problem = Problem::UnknownName {
        key: "issuers",
        name: "[[issuer]]".into(),
        nearest: None,
    };
    assert_eq!(errors(&without), [(8, 1, problem)]);
    assert!(parse(&without.replace("\"dpop\"", "\"open\"")).is_ok());
}
