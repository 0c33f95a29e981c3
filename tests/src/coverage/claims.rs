use super::rules::{Case, Rule};

/// A test that says it holds a case of a rule.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Claim {
    /// The rule's id.
    pub rule: String,
    /// What the test shows of it.
    pub case: Case,
    /// The name of the test function.
    pub test: String,
    /// The file, from the root of the workspace.
    pub file: String,
}

/// The verbs that may follow a rule's id in the name of a test, and what they claim.
pub const VERBS: &[(&str, &[Case])] = &[
    ("accepts", &[Case::Positive]),
    ("allows", &[Case::Positive]),
    ("keeps", &[Case::Positive]),
    ("passes", &[Case::Positive]),
    ("sends", &[Case::Positive]),
    ("challenges", &[Case::Negative]),
    ("denies", &[Case::Negative]),
    ("ignores", &[Case::Negative]),
    ("never", &[Case::Negative]),
    ("refuses", &[Case::Negative]),
    ("rejects", &[Case::Negative]),
    ("strips", &[Case::Negative]),
    // a table with rows of both kinds
    ("holds", &[Case::Positive, Case::Negative]),
    ("only", &[Case::Positive, Case::Negative]),
];

/// The words that claim a case wherever they stand after the id: `..._an_expired_one_is_refused`.
pub const PARTICIPLES: &[(&str, Case)] = &[
    ("accepted", Case::Positive),
    ("admitted", Case::Positive),
    ("allowed", Case::Positive),
    ("kept", Case::Positive),
    ("sent", Case::Positive),
    ("challenged", Case::Negative),
    ("denied", Case::Negative),
    ("ignored", Case::Negative),
    ("never", Case::Negative),
    ("refused", Case::Negative),
    ("rejected", Case::Negative),
    ("stripped", Case::Negative),
];

/// Finds the tests in a source file and what they claim. An ignored test claims nothing.
pub(super) fn scan(
    file: &str,
    text: &str,
    rules: &[Rule],
    claims: &mut Vec<Claim>,
    problems: &mut Vec<String>,
) {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for (number, _) in lines.iter().enumerate().filter(|(_, line)| is_test(line)) {
        let heading = heading_around(&lines, number);
        let Some(name) = lines.iter().skip(number).find_map(|line| fn_name(line)) else {
            continue;
        };
        if heading.iter().any(|line| line.starts_with("#[ignore")) {
            continue;
        }
        let place = format!("{file}: {name}");
        let mut claimed = claims_of_comments(&heading, rules, &place, problems);
        match claims_of_name(name, rules) {
            NameClaim::None => {}
            NameClaim::Cases(rule, cases) => {
                claimed.extend(cases.iter().map(|case| (rule.id.clone(), *case)));
            }
            NameClaim::NoVerb(rule) if claimed.iter().any(|(id, _)| *id == rule.id) => {}
            NameClaim::NoVerb(rule) => problems.push(format!(
                "{place} begins with rule {id}, but does not say what it shows of it: put \
                 `// rules: {id} (negative)`, `(positive)` or `(both)` above it",
                id = rule.id
            )),
            NameClaim::Unknown => problems.push(format!("{place} names a rule that is not there")),
        }
        claimed.sort();
        claimed.dedup();
        claims.extend(claimed.into_iter().map(|(rule, case)| Claim {
            rule,
            case,
            test: name.to_owned(),
            file: file.to_owned(),
        }));
    }
}

fn is_test(line: &str) -> bool {
    line.starts_with("#[test]") || line.starts_with("#[tokio::test")
}

/// The comments and attributes above a test's attribute and between it and the function.
fn heading_around<'t>(lines: &[&'t str], number: usize) -> Vec<&'t str> {
    let belongs = |line: &&str| line.starts_with("//") || line.starts_with("#[");
    let above = lines
        .get(..number)
        .unwrap_or_default()
        .iter()
        .rev()
        .copied()
        .take_while(belongs);
    let mut heading: Vec<&str> = above.collect();
    heading.reverse();
    let below = lines.get(number..).unwrap_or_default().iter().copied();
    heading.extend(below.take_while(belongs));
    heading
}

fn fn_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let qualifiers = ["", "async ", "pub ", "pub async "];
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    qualifiers.contains(&before).then(|| after.get(..end))?
}

enum NameClaim<'r> {
    /// The name says nothing about a rule.
    None,
    /// A rule and a verb.
    Cases(&'r Rule, Vec<Case>),
    /// A rule, and no word of what it claims.
    NoVerb(&'r Rule),
    /// It looks like a rule's id, but there is no such rule.
    Unknown,
}

fn claims_of_name<'r>(name: &str, rules: &'r [Rule]) -> NameClaim<'r> {
    let follows = |rule: &Rule| -> Option<usize> {
        let rest = name.strip_prefix(&rule.key())?;
        (rest.is_empty() || rest.starts_with('_')).then_some(rest.len())
    };
    // the longest id leaves the shortest rest
    let longest = rules
        .iter()
        .filter_map(|rule| follows(rule).map(|rest| (rest, rule)))
        .min_by_key(|(rest, _)| *rest);
    let Some((rest, rule)) = longest else {
        return match looks_like_an_id(name, rules) {
            true => NameClaim::Unknown,
            false => NameClaim::None,
        };
    };
    let tail = name.get(name.len() - rest..).unwrap_or_default();
    let words = || tail.split('_').skip(1);
    let verb = VERBS.iter().find(|(verb, _)| words().next() == Some(verb));
    let cases: Vec<Case> = match verb {
        Some((_, cases)) => cases.to_vec(),
        None => PARTICIPLES
            .iter()
            .filter(|(participle, _)| words().any(|word| word == *participle))
            .map(|(_, case)| *case)
            .collect(),
    };
    match cases.is_empty() {
        true => NameClaim::NoVerb(rule),
        false => NameClaim::Cases(rule, cases),
    }
}

/// A family of ids, a number that some rule of it has, or a word that claims something:
/// `dpop_4_3_99`, but neither `dpop_header` nor `http_1_0_clients_are_served`.
fn looks_like_an_id(name: &str, rules: &[Rule]) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    let [family, number, rest @ ..] = &words[..] else {
        return false;
    };
    let begins = |rule: &Rule, words: &[&str]| {
        let key = rule.key();
        key.split('_').take(words.len()).eq(words.iter().copied())
    };
    let claims = |word: &&str| {
        let verb = VERBS.iter().any(|(verb, _)| verb == word);
        verb || PARTICIPLES.iter().any(|(part, _)| part == word)
    };
    number.starts_with(|c: char| c.is_ascii_digit())
        && rules.iter().any(|rule| begins(rule, &[*family]))
        && (rest.iter().any(claims) || rules.iter().any(|rule| begins(rule, &[*family, *number])))
}

/// Reads `// rules: A (negative), B (both)`, which goes on in the next line after a comma.
fn claims_of_comments(
    heading: &[&str],
    rules: &[Rule],
    place: &str,
    problems: &mut Vec<String>,
) -> Vec<(String, Case)> {
    let mut list = String::new();
    let mut goes_on = false;
    for line in heading {
        let part = match line.strip_prefix("// rules:") {
            Some(part) => part,
            None if goes_on => line.trim_start_matches('/'),
            None => continue,
        };
        goes_on = part.trim_end().ends_with(',');
        list.push_str(part);
        list.push(',');
    }
    let mut claimed = Vec::new();
    for entry in list.split(',').map(str::trim).filter(|e| !e.is_empty()) {
        let parts = entry
            .strip_suffix(')')
            .and_then(|entry| entry.split_once(" ("));
        let cases: Option<(&str, &[Case])> = match parts {
            Some((id, "positive")) => Some((id, &[Case::Positive])),
            Some((id, "negative")) => Some((id, &[Case::Negative])),
            Some((id, "both")) => Some((id, &Case::ALL)),
            _ => None,
        };
        match cases {
            None => problems.push(format!(
                "{place}: `{entry}` is not `ID (positive)`, `ID (negative)` or `ID (both)`"
            )),
            Some((id, _)) if !rules.iter().any(|rule| rule.id == id) => {
                problems.push(format!("{place} names rule {id}, which is not there"));
            }
            Some((id, cases)) => claimed.extend(cases.iter().map(|case| (id.to_owned(), *case))),
        }
    }
    claimed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sources below have `@` for `#`, so that the scan of this file does not find them.
    fn scanned(source: &str) -> (Vec<(String, Case)>, Vec<String>) {
        let rules: Vec<Rule> = ["DPOP-4.3-1", "DPOP-4.3-12a", "JWS-4-1"]
            .iter()
            .map(|id| Rule {
                id: (*id).to_owned(),
                group: String::new(),
                source: String::new(),
                strength: String::new(),
                actor: String::new(),
                text: String::new(),
                positive: String::new(),
                negative: String::new(),
            })
            .collect();
        let (mut claims, mut problems) = (Vec::new(), Vec::new());
        let source = source.replace('@', "#");
        scan("f.rs", &source, &rules, &mut claims, &mut problems);
        let claims = claims.into_iter().map(|c| (c.rule, c.case)).collect();
        (claims, problems)
    }

    fn claim(id: &str, case: Case) -> (String, Case) {
        (id.to_owned(), case)
    }

    #[test]
    fn a_name_claims_one_rule_by_its_verb() {
        let rows: &[(&str, &[(&str, Case)])] = &[
            (
                "dpop_4_3_12a_accepts_v3",
                &[("DPOP-4.3-12a", Case::Positive)],
            ),
            ("dpop_4_3_12a_refuses", &[("DPOP-4.3-12a", Case::Negative)]),
            (
                "jws_4_1_only_unique_names",
                &[("JWS-4-1", Case::Positive), ("JWS-4-1", Case::Negative)],
            ),
            (
                "jws_4_1_duplicates_are_refused_at_every_depth",
                &[("JWS-4-1", Case::Negative)],
            ),
            (
                "jws_4_1_one_is_accepted_and_two_are_refused",
                &[("JWS-4-1", Case::Positive), ("JWS-4-1", Case::Negative)],
            ),
            // the verb decides: this one is about what passes
            (
                "jws_4_1_accepts_what_others_refused",
                &[("JWS-4-1", Case::Positive)],
            ),
            ("dpop_header_is_found", &[]),
            ("dpop_1_0_clients_are_served", &[]),
            ("anything_else", &[]),
        ];
        for (name, expected) in rows {
            for attribute in ["@[test]", "@[tokio::test(flavor = \"current_thread\")]"] {
                let source = format!("{attribute}\n    async fn {name}() {{}}");
                let expected = expected.iter().map(|(id, case)| claim(id, *case)).collect();
                assert_eq!(scanned(&source), (expected, vec![]), "{name}");
            }
        }
    }

    #[test]
    fn a_name_with_an_unknown_rule_or_without_a_verb_is_a_problem() {
        let rows = [
            (
                "dpop_4_3_99_refuses",
                "f.rs: dpop_4_3_99_refuses names a rule that is not there",
            ),
            (
                "dpop_4_3_99_means_nothing",
                "f.rs: dpop_4_3_99_means_nothing names a rule that is not there",
            ),
            (
                "dpop_1_0_refuses",
                "f.rs: dpop_1_0_refuses names a rule that is not there",
            ),
            (
                "jws_4_1_names_are_unique",
                "f.rs: jws_4_1_names_are_unique begins with rule JWS-4-1, but does not say what \
                 it shows of it: put `// rules: JWS-4-1 (negative)`, `(positive)` or `(both)` \
                 above it",
            ),
            (
                "dpop_4_3_1_2_refuses",
                "f.rs: dpop_4_3_1_2_refuses begins with rule DPOP-4.3-1, but does not say what it \
                 shows of it: put `// rules: DPOP-4.3-1 (negative)`, `(positive)` or `(both)` \
                 above it",
            ),
        ];
        for (name, problem) in rows {
            let source = format!("@[test]\nfn {name}() {{}}");
            assert_eq!(scanned(&source), (vec![], vec![problem.to_owned()]));
        }
    }

    #[test]
    fn a_comment_claims_further_rules_and_may_go_on_after_a_comma() {
        let source = "// rules: JWS-4-1 (negative),\n// DPOP-4.3-12a (both)\n@[test]\nfn x() {}";
        let expected = vec![
            claim("DPOP-4.3-12a", Case::Positive),
            claim("DPOP-4.3-12a", Case::Negative),
            claim("JWS-4-1", Case::Negative),
        ];
        assert_eq!(scanned(source), (expected, vec![]));

        let below = "@[test]\n// rules: JWS-4-1 (positive)\nfn jws_4_1_names_are_unique() {}";
        let expected = vec![claim("JWS-4-1", Case::Positive)];
        assert_eq!(scanned(below), (expected, vec![]));
    }

    #[test]
    fn a_comment_that_says_nonsense_is_a_problem() {
        let (claims, problems) =
            scanned("// rules: JWS-9-9 (negative), JWS-4-1\n@[test]\nfn x() {}");
        assert_eq!(claims, vec![]);
        assert_eq!(
            problems,
            [
                "f.rs: x names rule JWS-9-9, which is not there",
                "f.rs: x: `JWS-4-1` is not `ID (positive)`, `ID (negative)` or `ID (both)`",
            ]
        );
    }

    #[test]
    fn what_never_runs_claims_nothing() {
        let ignored = "@[test]\n@[ignore = \"slow\"]\nfn jws_4_1_refuses_two() {}";
        assert_eq!(scanned(ignored), (vec![], vec![]));
        let no_test = "// rules: JWS-4-1 (negative)\nfn jws_4_1_refuses_two() {}";
        assert_eq!(scanned(no_test), (vec![], vec![]));
    }
}
