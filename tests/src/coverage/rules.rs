use std::collections::BTreeMap;

use serde::Deserialize;

/// A rule of `rules.toml`, as far as coverage is concerned.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Rule {
    /// `DPOP-4.3-8`.
    pub id: String,
    /// `DPOP-B`.
    pub group: String,
    /// Specification and section.
    pub source: String,
    /// Its level: `MUST`, `SHOULD`, ...
    pub strength: String,
    /// Who has to keep it.
    pub actor: String,
    /// What it says, in short.
    pub text: String,
    /// What a positive test shows.
    pub positive: String,
    /// What a negative test shows.
    pub negative: String,
}

impl Rule {
    /// The id as it begins the name of a test: `dpop_4_3_8`.
    pub fn key(&self) -> String {
        self.id.to_lowercase().replace(['-', '.'], "_")
    }

    /// What a test of this case shows.
    pub fn example(&self, case: Case) -> &str {
        match case {
            Case::Positive => &self.positive,
            Case::Negative => &self.negative,
        }
    }

    /// Whether the rule needs a test of this case. `ok` says no more than that whatever keeps the
    /// rule passes, which other tests show; `see ID` leaves the case to that rule.
    pub fn needs(&self, case: Case) -> bool {
        let example = self.example(case);
        !matches!(example, "n/a" | "ok") && !example.starts_with("see ")
    }
}

/// What a test shows of a rule.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Case {
    /// What the rule allows passes.
    Positive,
    /// What the rule forbids is refused.
    Negative,
}

impl Case {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Positive, Self::Negative];

    /// As it stands in a `// rules:` comment.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
        }
    }
}

/// `scope.toml`: which rules count, and why the others do not.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    groups: Vec<String>,
    actors: Vec<String>,
    also: Vec<String>,
    pub(super) excluded: BTreeMap<String, String>,
    pub(super) actors_out: BTreeMap<String, String>,
    pub(super) groups_out: BTreeMap<String, String>,
    pub(super) titles: BTreeMap<String, String>,
}

impl Scope {
    /// Whether a rule counts.
    pub fn standing(&self, rule: &Rule) -> Standing {
        if self.groups_out.contains_key(&rule.group) {
            Standing::GroupOut
        } else if self.excluded.contains_key(&rule.id) {
            Standing::Excluded
        } else if self.also.contains(&rule.id) || self.actors.contains(&rule.actor) {
            Standing::In
        } else {
            Standing::ActorOut
        }
    }

    /// The groups in scope, in the order of the file.
    pub(super) fn groups(&self) -> &[String] {
        &self.groups
    }
}

/// Where a rule stands in regard to the scope.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Standing {
    /// It counts.
    In,
    /// It is excluded by name.
    Excluded,
    /// Somebody else has to keep it.
    ActorOut,
    /// Its whole group is out.
    GroupOut,
}

pub(super) fn parse_rules(text: &str) -> Result<Vec<Rule>, String> {
    #[derive(Deserialize)]
    struct Document {
        rule_count: usize,
        rule: Vec<Rule>,
    }
    let document: Document = toml::from_str(text).map_err(|error| error.to_string())?;
    match document.rule.len() == document.rule_count {
        true => Ok(document.rule),
        false => Err("rules.toml: rule_count is not the number of rules".to_owned()),
    }
}

pub(super) fn parse_scope(text: &str) -> Result<Scope, String> {
    toml::from_str(text).map_err(|error| format!("scope.toml: {error}"))
}

/// What in `scope.toml` does not fit `rules.toml`: a rule, group or actor without a word on it, or
/// a word on one that does not exist.
pub(super) fn inconsistencies(rules: &[Rule], scope: &Scope) -> Vec<String> {
    let mut found = Vec::new();
    for rule in rules {
        let (in_scope, out) = (
            scope.groups.contains(&rule.group),
            scope.groups_out.contains_key(&rule.group),
        );
        if in_scope == out {
            found.push(format!("scope.toml: group {} in, or out?", rule.group));
        }
        let (in_scope, out) = (
            scope.actors.contains(&rule.actor),
            scope.actors_out.contains_key(&rule.actor),
        );
        if in_scope == out {
            found.push(format!("scope.toml: actor {} in, or out?", rule.actor));
        }
    }
    for id in scope.also.iter().chain(scope.excluded.keys()) {
        if !rules.iter().any(|rule| rule.id == *id) {
            found.push(format!("scope.toml: there is no rule {id}"));
        }
    }
    for group in &scope.groups {
        if !scope.titles.contains_key(group) {
            found.push(format!("scope.toml: group {group} has no title"));
        }
    }
    found.dedup();
    found
}
