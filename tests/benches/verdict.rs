//! What a verdict costs beside the checks of signatures, and what it allocates.
//!
//! `cargo bench -p keybound-tests --bench verdict`. With `-- --smoke` for a moment only.

use keybound_tests::bench::verdict::{Effort, measure};

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let effort = if smoke { Effort::SMOKE } else { Effort::FULL };
    let count = |call: &mut dyn FnMut()| allocation_counter::measure(call).count_total;
    println!("{}", measure(effort, &count));
}
