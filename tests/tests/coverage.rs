//! Every rule in scope has the tests that it needs, and what is written about them is true.

use keybound_tests::coverage::Coverage;
use keybound_tests::tree;

#[test]
fn every_rule_in_scope_has_the_tests_it_needs() {
    let coverage = Coverage::load().unwrap();
    let uncovered = coverage.uncovered();
    assert!(uncovered.is_empty(), "{}", coverage.missing_report());
}

#[test]
fn scope_claims_and_functions_name_what_exists() {
    let coverage = Coverage::load().unwrap();
    let none: [String; 0] = [];
    assert_eq!(coverage.problems(), none);
}

#[test]
fn the_page_is_up_to_date() {
    let page = tree::read("docs/spec-coverage.md").unwrap();
    assert!(
        page == Coverage::load().unwrap().markdown(),
        "docs/spec-coverage.md is out of date: cargo run -p keybound-tests --bin coverage"
    );
}
