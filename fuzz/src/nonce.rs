use keybound::replay::FreshnessSource;
use keybound::{Confirmed, NonceKeys};

use crate::stage::{self, NOW, ORIGIN, Signatures};

/// The `nonce` of a proof: never a panic, and one that is taken is, octet by octet, a nonce that one
/// of the two keys makes for this origin at a second within its life (RFC 9449 section 8).
///
/// If the first octet is odd, the input describes a nonce to be made and then damaged; otherwise it
/// is the nonce.
pub fn nonce(data: &[u8]) -> bool {
    let text = match data {
        [first, key, age @ .., at, mask] if first % 2 == 1 => damaged(*key, age, *at, *mask),
        [_, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [] => return false,
    };
    let mut claims = stage::proof_claims(stage::token());
    claims["nonce"] = text.as_str().into();
    let header = stage::octets(&stage::proof_header(1));
    let proof = stage::compact(&header, &stage::octets(&claims));
    let authorization = format!("DPoP {}", stage::token());

    let stage = &stage::stages()[1];
    let request = stage.request(authorization.as_bytes(), Some(proof.as_bytes()));
    match stage.verify(&stage::nonce_route(), request, stage::at(NOW)) {
        Err(_) => false,
        Ok(Confirmed::Unspent(unspent)) => {
            let entry = unspent.replay_entry();
            assert_eq!(entry.source(), FreshnessSource::Nonce);
            let second = entry.second();
            assert!((NOW - 180..=NOW + 10).contains(&second), "{second}");
            let issued = [stage::current_nonce_key(), stage::previous_nonce_key()].map(|key| {
                let keys = NonceKeys::new(key);
                keys.issue(ORIGIN, stage::at(second), &Signatures::Always)
            });
            assert!(issued.contains(&text), "{text}");
            true
        }
        Ok(end) => panic!("{end:?}"),
    }
}

fn damaged(key: u8, age: &[u8], at: u8, mask: u8) -> String {
    let key = match key % 4 {
        0 => stage::current_nonce_key(),
        1 => stage::previous_nonce_key(),
        // of the right name, and another
        2 => keybound::NonceKey::new(1, [3; 32]),
        _ => keybound::NonceKey::new(2, [1; 32]),
    };
    let age = age
        .iter()
        .take(2)
        .fold(0, |sum, octet| sum * 256 + u64::from(*octet));
    let second = (NOW + 20).saturating_sub(age);
    let nonce = NonceKeys::new(key).issue(ORIGIN, stage::at(second), &Signatures::Always);
    let mut octets = nonce.into_bytes();
    let at = usize::from(at) % octets.len();
    octets[at] ^= mask;
    String::from_utf8_lossy(&octets).into_owned()
}
