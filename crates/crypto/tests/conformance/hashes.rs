use crate::support::{array, base64url, hex, providers};

/// FIPS 180-4, and the hashes of the RFCs that the rules are made of.
const SHA256: &[(&[u8], &str)] = &[
    (
        b"",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ),
    (
        b"abc",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ),
    (
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    // RFC 8037 appendix A.3: the thumbprint's input
    (
        br#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        "90facafea9b1556698540f70c0117a22ea37bd5cf3ed3c47093c1707282b4b89",
    ),
];

/// RFC 4231 section 4. Its keys of up to 32 octets, filled up with zeros, which HMAC would add anyway.
const HMAC: &[(&str, &[u8], &str)] = &[
    (
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b000000000000000000000000",
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        "4a65666500000000000000000000000000000000000000000000000000000000",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa000000000000000000000000",
        &[0xdd; 50],
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        "0102030405060708090a0b0c0d0e0f1011121314151617181900000000000000",
        &[0xcd; 50],
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
];

#[test]
fn sha256_gives_the_published_hashes() {
    for provider in providers() {
        for (message, expected) in SHA256 {
            assert_eq!(provider.sha256(&[message]).to_vec(), hex(expected));
        }
    }
}

/// DPOP-4.2-10 and DPOP-6.1-1, RFC 9449: `ath` of figure 13 and `jkt` of figure 8.
#[test]
fn sha256_gives_ath_and_jkt_of_rfc_9449() {
    let token = b"Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    let key = br#"{"crv":"P-256","kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}"#;
    for provider in providers() {
        assert_eq!(
            provider.sha256(&[token]).to_vec(),
            base64url("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo")
        );
        assert_eq!(
            provider.sha256(&[key]).to_vec(),
            base64url("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
        );
    }
}

#[test]
fn hmac_sha256_gives_the_codes_of_rfc_4231() {
    for provider in providers() {
        for (key, message, expected) in HMAC {
            let key = array(hex(key));
            assert_eq!(
                provider.hmac_sha256(&key, &[message]).to_vec(),
                hex(expected)
            );
        }
    }
}

#[test]
fn parts_are_concatenated() {
    let message: Vec<u8> = (0..=255).collect();
    for provider in providers() {
        let hash = provider.sha256(&[&message]);
        let mac = provider.hmac_sha256(&[7; 32], &[&message]);
        for cut in [0, 1, 55, 56, 63, 64, 65, 128, 255, 256] {
            let (front, back) = message.split_at(cut);
            assert_eq!(provider.sha256(&[front, &[], back]), hash);
            assert_eq!(provider.hmac_sha256(&[7; 32], &[front, &[], back]), mac);
        }
        assert_eq!(provider.sha256(&[]), provider.sha256(&[&[]]));
    }
}

#[test]
fn every_octet_of_a_key_counts() {
    for provider in providers() {
        let mac = provider.hmac_sha256(&[7; 32], &[b"nonce"]);
        for place in 0..32 {
            let mut key = [7; 32];
            key[place] ^= 0x80;
            assert_ne!(provider.hmac_sha256(&key, &[b"nonce"]), mac, "{place}");
        }
    }
}
