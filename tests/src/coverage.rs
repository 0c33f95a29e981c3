//! Which test holds which rule.
//!
//! A test claims a rule by its name: the id in lower case with `-` and `.` as `_`, then one of
//! [`VERBS`], as in `dpop_4_3_8_refuses_another_method`, or a sentence with one of [`PARTICIPLES`],
//! as in `dpop_4_3_8_another_method_is_refused`. Further rules, and those whose name says neither,
//! stand in a comment directly above it: `// rules: JWS-4-1 (negative), JWT-4-1 (positive)`. The
//! case is `positive`, `negative` or `both`.
//!
//! The rules are `tests/rules/rules.toml`; which of them count is `scope.toml`; which function
//! keeps a rule is `functions.toml`. The binary `coverage` writes `docs/spec-coverage.md`, and the
//! test `coverage` fails when a rule has no test.

use std::collections::BTreeMap;

pub use self::claims::{Claim, PARTICIPLES, VERBS};
pub use self::rules::{Case, Rule, Scope, Standing};
use crate::tree;

mod claims;
mod functions;
mod report;
mod rules;

/// The rules, and what the sources say about them.
#[derive(Debug)]
pub struct Coverage {
    rules: Vec<Rule>,
    scope: Scope,
    functions: BTreeMap<String, String>,
    claims: Vec<Claim>,
    problems: Vec<String>,
}

impl Coverage {
    /// Reads the data files and all sources of the workspace.
    pub fn load() -> Result<Self, String> {
        let rules = rules::parse_rules(&tree::read("tests/rules/rules.toml")?)?;
        let scope = rules::parse_scope(&tree::read("tests/rules/scope.toml")?)?;
        let functions = functions::parse(&tree::read("tests/rules/functions.toml")?)?;
        let mut claims = Vec::new();
        let mut problems = rules::inconsistencies(&rules, &scope);
        problems.extend(functions::missing(&functions, &rules));
        for folder in ["crates", "tests"] {
            for (file, text) in tree::rust_sources(folder)? {
                claims::scan(&file, &text, &rules, &mut claims, &mut problems);
            }
        }
        Ok(Self {
            rules,
            scope,
            functions,
            claims,
            problems,
        })
    }

    /// What is wrong with the data or with a claim: unknown rules, functions that do not exist.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The rules in scope that lack a test which they need, with the cases that are missing.
    pub fn uncovered(&self) -> Vec<(&Rule, Vec<Case>)> {
        self.rules_in_scope()
            .filter_map(|rule| {
                let missing: Vec<Case> = Case::ALL
                    .into_iter()
                    .filter(|case| rule.needs(*case) && self.tests_of(rule, *case).is_empty())
                    .collect();
                (!missing.is_empty()).then_some((rule, missing))
            })
            .collect()
    }

    fn rules_in_scope(&self) -> impl Iterator<Item = &Rule> {
        self.rules
            .iter()
            .filter(|rule| self.scope.standing(rule) == Standing::In)
    }

    fn tests_of(&self, rule: &Rule, case: Case) -> Vec<&Claim> {
        self.claims
            .iter()
            .filter(|claim| claim.rule == rule.id && claim.case == case)
            .collect()
    }
}
