//! Writes `docs/spec-coverage.md` from the rules and the tests that claim them.

use std::fs;
use std::process::ExitCode;

use keybound_tests::coverage::Coverage;
use keybound_tests::tree;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write(),
        ["--check"] => check(),
        ["--missing"] => missing(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(), String> {
    let coverage = Coverage::load()?;
    fs::write(tree::root().join(PAGE), coverage.markdown()).map_err(|e| format!("{PAGE}: {e}"))?;
    no_problems(&coverage)
}

fn check() -> Result<(), String> {
    let coverage = Coverage::load()?;
    no_problems(&coverage)?;
    match tree::read(PAGE)? == coverage.markdown() {
        true => Ok(()),
        false => Err(format!(
            "{PAGE} is out of date: cargo run -p keybound-tests --bin coverage"
        )),
    }
}

fn missing() -> Result<(), String> {
    let coverage = Coverage::load()?;
    print!("{}", coverage.missing_report());
    no_problems(&coverage)
}

fn no_problems(coverage: &Coverage) -> Result<(), String> {
    match coverage.problems() {
        [] => Ok(()),
        problems => Err(problems.join("\n")),
    }
}

const PAGE: &str = "docs/spec-coverage.md";

const USAGE: &str = "\
usage: coverage              write docs/spec-coverage.md
       coverage --check      fail if it is out of date, or a claim is wrong
       coverage --missing    print the rules that lack a test, and what it should show";
