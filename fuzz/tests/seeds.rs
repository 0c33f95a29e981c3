//! Replays the seeds through the bodies of the targets, and some thousand changed seeds, on any
//! toolchain. A seed whose name begins with `pass` must be accepted, any other refused, so that they
//! lead as deep as they are meant to.

use std::collections::BTreeMap;
use std::path::Path;

use keybound_fuzz::TARGETS;

#[test]
fn every_target_has_seeds_that_pass_and_seeds_that_fail() {
    for (target, _) in TARGETS {
        let seeds = seeds(target);
        let passing = seeds.keys().filter(|name| name.starts_with("pass")).count();
        assert!((1..seeds.len()).contains(&passing), "{target}");
    }
}

#[test]
fn every_seed_ends_as_its_name_says() {
    let mut wrong = Vec::new();
    for (target, body) in TARGETS {
        for (name, data) in seeds(target) {
            if body(&data) != name.starts_with("pass") {
                wrong.push(format!("{target}/{name}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_property_is_broken_by_changed_seeds() {
    for (target, body) in TARGETS {
        let seeds: Vec<Vec<u8>> = seeds(target).into_values().collect();
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..ROUNDS {
            let mut data = seeds[random.below(seeds.len())].clone();
            for _ in 0..=random.below(4) {
                random.change(&mut data);
            }
            body(&data);
        }
    }
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    /// xorshift64
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % bound
    }

    fn change(&mut self, data: &mut Vec<u8>) {
        const INTERESTING: &[u8] = b"\"\\{}[]:,0-.eE%/;#?@ =\0\x7f\xff";
        let at = self.below(data.len() + 1);
        let octet = INTERESTING[self.below(INTERESTING.len())];
        match (self.below(5), data.get_mut(at)) {
            (0, Some(own)) => *own = octet,
            (1, Some(own)) => *own ^= 1 << self.below(8),
            (2, Some(_)) => drop(data.remove(at)),
            (3, Some(_)) => data.extend_from_within(..at),
            _ => data.insert(at, octet),
        }
        data.truncate(4096);
    }
}

fn seeds(target: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let files = std::fs::read_dir(&folder).unwrap();
    files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect()
}

const ROUNDS: usize = 500;
