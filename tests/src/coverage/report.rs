//! `docs/spec-coverage.md`, and the list of what is missing.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::rules::{Case, Rule, Standing};
use super::{Claim, Coverage, functions};

impl Coverage {
    /// The page `docs/spec-coverage.md`.
    pub fn markdown(&self) -> String {
        let mut page = String::from(HEAD);
        // Writing to a String cannot fail.
        let _ = self.write_totals(&mut page);
        for group in self.scope.groups() {
            let _ = self.write_group(&mut page, group);
        }
        let _ = self.write_out_of_scope(&mut page);
        let _ = self.write_beyond_scope(&mut page);
        page
    }

    /// The rules without the tests they need, with what the data says about those tests.
    pub fn missing_report(&self) -> String {
        let uncovered = self.uncovered();
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        let mut text = String::new();
        for (rule, cases) in &uncovered {
            *groups.entry(&rule.group).or_default() += 1;
            let Rule { id, source, .. } = rule;
            let _ = writeln!(text, "{id} ({source}, {}): {}", rule.strength, rule.text);
            for case in cases {
                let _ = writeln!(text, "    {}: {}", case.name(), rule.example(*case));
            }
        }
        let in_scope = self.rules_in_scope().count();
        let _ = writeln!(text, "{} of {in_scope} rules uncovered", uncovered.len());
        for (group, count) in groups {
            let _ = writeln!(text, "    {group}: {count}");
        }
        text
    }

    fn write_totals(&self, page: &mut String) -> std::fmt::Result {
        let in_scope: Vec<&Rule> = self.rules_in_scope().collect();
        writeln!(page, "| | number |\n| --- | --- |")?;
        writeln!(page, "| rules | {} |", self.rules.len())?;
        writeln!(page, "| in scope | {} |", in_scope.len())?;
        for case in Case::ALL {
            let needed = in_scope.iter().filter(|rule| rule.needs(case));
            let (mut all, mut held) = (0, 0);
            for rule in needed {
                all += 1;
                held += usize::from(!self.tests_of(rule, case).is_empty());
            }
            let name = case.name();
            writeln!(page, "| need a {name} test, have one | {all}, {held} |")?;
        }
        let named = in_scope
            .iter()
            .filter(|rule| self.functions.contains_key(&rule.id));
        writeln!(page, "| name their function | {} |", named.count())
    }

    fn write_group(&self, page: &mut String, group: &str) -> std::fmt::Result {
        let title = self.scope.titles.get(group).map_or("", String::as_str);
        writeln!(page, "\n## {group}: {title}\n\n{TABLE_HEAD}")?;
        self.rules_in_scope()
            .filter(|rule| rule.group == group)
            .try_for_each(|rule| self.write_rule(page, rule))
    }

    fn write_rule(&self, page: &mut String, rule: &Rule) -> std::fmt::Result {
        writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} |",
            rule.id,
            rule.source,
            rule.strength,
            escaped(&rule.text),
            self.function_cell(rule),
            self.tests_cell(rule, Case::Positive),
            self.tests_cell(rule, Case::Negative),
        )
    }

    fn function_cell(&self, rule: &Rule) -> String {
        let Some(path) = self.functions.get(&rule.id) else {
            return String::new();
        };
        match functions::file_of(path) {
            Some(file) => format!("[`{path}`](../{file})"),
            None => format!("`{path}`"),
        }
    }

    fn tests_cell(&self, rule: &Rule, case: Case) -> String {
        let tests = self.tests_of(rule, case);
        match tests.is_empty() {
            false => links(&tests),
            true if rule.needs(case) => "**missing**".to_owned(),
            true => "none needed".to_owned(),
        }
    }

    fn write_out_of_scope(&self, page: &mut String) -> std::fmt::Result {
        let count = |standing, of: &dyn Fn(&Rule) -> bool| {
            self.rules
                .iter()
                .filter(|rule| self.scope.standing(rule) == standing && of(rule))
                .count()
        };
        writeln!(page, "\n## Out of scope\n")?;
        writeln!(page, "| what | rules | why |\n| --- | --- | --- |")?;
        for (id, reason) in &self.scope.excluded {
            writeln!(page, "| {id} | 1 | {reason} |")?;
        }
        for (actor, reason) in &self.scope.actors_out {
            let rules = count(Standing::ActorOut, &|rule| rule.actor == *actor);
            writeln!(page, "| actor {actor} | {rules} | {reason} |")?;
        }
        for (group, reason) in &self.scope.groups_out {
            let rules = count(Standing::GroupOut, &|rule| rule.group == *group);
            writeln!(page, "| group {group} | {rules} | {reason} |")?;
        }
        Ok(())
    }

    fn write_beyond_scope(&self, page: &mut String) -> std::fmt::Result {
        let tested: Vec<&Rule> = self
            .rules
            .iter()
            .filter(|rule| self.scope.standing(rule) != Standing::In)
            .filter(|rule| self.claims.iter().any(|claim| claim.rule == rule.id))
            .collect();
        if tested.is_empty() {
            return Ok(());
        }
        writeln!(page, "\n## Out of scope, and tested all the same\n")?;
        writeln!(page, "{TABLE_HEAD}")?;
        for rule in tested {
            self.write_rule(page, rule)?;
        }
        Ok(())
    }
}

fn links(tests: &[&Claim]) -> String {
    let links: Vec<String> = tests
        .iter()
        .map(|claim| format!("[`{}`](../{})", claim.test, claim.file))
        .collect();
    links.join("<br>")
}

/// A cell of a table ends at `|`, and `<` would begin a tag.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

const HEAD: &str = "\
# Which test holds which rule

Written by `cargo run -p keybound-tests --bin coverage`: do not edit. The rules are paraphrases
and come from [rules.toml](../tests/rules/rules.toml), the scope from
[scope.toml](../tests/rules/scope.toml), the functions from
[functions.toml](../tests/rules/functions.toml), and the tests from their names and `// rules:`
comments ([how](../tests/src/coverage.rs)). A test fails when a rule in scope lacks a test.

";

const TABLE_HEAD: &str = "\
| rule | section | level | what it says | function | positive | negative |
| --- | --- | --- | --- | --- | --- | --- |";
