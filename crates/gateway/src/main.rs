//! The binary `keybound`: a reverse proxy that refuses stolen tokens.

#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "the enforcement comes between")
)]
mod config;
#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "the enforcement comes between")
)]
mod listener;
#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "the enforcement comes between")
)]
mod proxy;

#[cfg(test)]
mod test_support;

fn main() {}
