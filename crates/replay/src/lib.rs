//! The in-memory store of admitted DPoP proofs.
//!
//! A signed proof says which request it is for, and when it was made. It does not say whether it
//! was used. [`MemoryStore`] remembers that, for as long as the proof is acceptable by its date, and
//! implements the one verb of [`ReplayStore`]. Begin there: it says what each mistake costs.
//!
//! ```
//! use keybound_replay::{Clock, MemoryStore, MemoryStoreConfig};
//!
//! let clock = Clock::system();
//! let config = MemoryStoreConfig::default().with_capacity(200_000);
//! let store = MemoryStore::new(config, clock.now());
//! assert_eq!(store.metrics().live, 0);
//! // For each request: store.check_and_insert(unspent.replay_entry(), clock.now())
//! ```
//!
//! # What it promises
//!
//! - **Once.** Of all calls with one proof, concurrent or not, at most one is told
//!   [`FirstUse`](keybound::replay::FirstUse) while the store lives (DPOP-11.1-2, RFC 9449
//!   section 11.1).
//! - **Nothing live is forgotten** (PROJ-5). Entries lie in buckets, one for each second of the
//!   proof's `iat` or of its nonce, which a replay can't change. A bucket is dropped whole, and only
//!   when both the wall clock and a monotonic clock say that its last acceptable second is over
//!   (PROJ-6, PROJ-7). Proofs that share a nonce are told apart for as long as the nonce lives
//!   (DPOP-11.1-6).
//! - **What is forgotten stays refused.** The highest dropped second of each source is kept, and
//!   everything at or below it is [`Forgotten`](keybound::replay::ReplayError::Forgotten). No clock
//!   set back, no window widened by a reload, revives a proof. The price: after a clock was set back
//!   by an hour, proofs are refused until the hour is over. So they are after a clock was a year
//!   ahead, if proofs of that time were admitted and dropped then: for a year, or until a restart.
//!   Watch [`Refused::forgotten`]. A proof whose window closed while it was examined is
//!   [`TooOld`](keybound::replay::ReplayError::TooOld), and no sign of a clock that was set.
//! - **Bounded.** The capacity is a hard bound on entries, and an entry costs at most 40 octets,
//!   everything counted, in a store of a million. A full store refuses.
//! - **Fair.** An owner, which is a key, may hold a tenth of what is still free, and always one
//!   entry: a new proof is refused if its owner holds `max(free / 10, 1)` or more. An owner alone
//!   gets an eleventh of the capacity. Ten owners together get 61 hundredths, and so on: no single key
//!   shuts out the others, and no few keys do. Many keys can, see below. A known replay is called
//!   one before quota or capacity are looked at.
//! - **No long wait.** No call moves all entries, and there is no lock for all. Owners are spread
//!   over shards; one call takes one lock, and a call that would be refused may, once a second, take
//!   each in turn. The longest piece of work is to drop what has passed in one shard, a thirty-second
//!   part of the default store (`cargo bench -p keybound-replay` shows how long that is).
//!
//! # What it does not
//!
//! - **It is the store of one process.** A second process behind the same name has its own, and
//!   admits the same proof again. Send each owner to one process, or share a store.
//! - **It forgets at a restart.** With [`AfterRestart::RefuseOlder`] proofs dated at or before
//!   the second of the start are refused for ever, and so are proofs that are as old as the store
//!   or older: by the wall clock's present time, and the monotonic time since the start. So a
//!   clock that was behind at the start and is set right afterwards readmits nothing. A step
//!   forward soon after the start refuses proofs of the time in between as well, since their
//!   dates are now older than the store; when the store is older than the window, that ends.
//!   There are two residues. A proof that its client's clock dated *after* the start, and that
//!   was admitted before it, is admitted once more: as far as the window reaches into the future
//!   (10 seconds by default), and never if a restart takes longer. And if the server's clock is
//!   behind what it was before the restart, both at the start and when the replay comes, then
//!   everything between is new to it: with an hour behind, the whole window can be admitted once
//!   more. Without a record that outlives the process nothing can be done about that: let NTP set
//!   the clock before the server starts.
//! - **It does not know whose a key is.** Shares are counted by key. A client that makes itself many
//!   keys (136 fill a default store of 2^20 entries; a public client may have a token bound to a new
//!   key each time) can fill the store, and then all are refused until its entries have passed.
//!   Against that help a capacity that is large for what the issuer lets one client have, short
//!   windows, and a limit at the issuer on tokens for each client.
//! - **It serves one window for each source.** Under two windows of different widths nothing is
//!   admitted twice, but the mark that the narrower one raises refuses proofs of the wider one.
//! - **It trusts its caller's clock.** All calls must be given moments of one [`Clock`].
//!
//! # Capacity planning
//!
//! An entry lives from its admission until its last acceptable second is over. The rate of admitted
//! requests that a store carries is its capacity over that time:
//!
//! | proofs dated by | longest life of an entry | [`DEFAULT_CAPACITY`], 2^20 | octets |
//! | --- | --- | --- | --- |
//! | `iat`, 60 s past, 10 s ahead | 71 s | 14,768 requests a second | 40 MiB |
//! | `iat`, 300 s past, 60 s ahead | 361 s | 2,904 requests a second | 40 MiB |
//! | a nonce, valid for 180 s | 181 s | 5,793 requests a second | 40 MiB |
//!
//! One owner may have an eleventh of it: 1,342 requests a second in the first row. If a single
//! client is most of your traffic, the capacity must be eleven times what it needs.

pub use crate::clock::{Clock, Now};
pub use crate::config::{AfterRestart, DEFAULT_CAPACITY, MemoryStoreConfig};
pub use crate::metrics::{Occupancy, Refused};
pub use crate::store::{MemoryStore, ReplayStore};

mod bucket;
mod clock;
mod config;
mod horizon;
mod metrics;
mod owners;
mod pages;
mod room;
mod shard;
mod store;
mod sync;

#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;
