//! Each benchmark for a moment, so that it still works when somebody needs it. What it measures here
//! means nothing.

use keybound_tests::bench::verdict::{Effort, measure};
use keybound_tests::load::{self, Options, Protocol};

#[test]
fn the_verdict_bench_runs() {
    let report = measure(Effort::SMOKE, &|call| {
        allocation_counter::measure(call).count_total
    });
    let text = report.to_string();
    assert_eq!(text.lines().count(), 12, "{text}");
}

#[test]
fn the_load_generator_runs_and_nothing_is_refused() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let options = Options {
            protocol,
            ..Options::SMOKE
        };
        let report = load::run(&options);
        assert_eq!(report.errors(), 0, "{report}");
        assert_eq!(report.lanes.len(), 3);
        assert!(
            report.lanes.iter().all(|lane| lane.requests > 0),
            "{report}"
        );
    }
}
