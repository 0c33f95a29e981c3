//! Makes a key and a proof for one request, and prints the headers to send.
//!
//! `cargo run -p keybound-client --example make_proof -- GET https://api.example.com/orders TOKEN`

use std::env;
use std::error::Error;

use keybound::Algorithm;
use keybound_client::{Dpop, now};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let method = arguments.next().unwrap_or_else(|| "GET".into());
    let uri = arguments
        .next()
        .unwrap_or_else(|| "https://api.example.com/orders".into());
    let token = arguments.next();

    // A program keeps one key for as long as its tokens live; see `SigningKey::load`.
    let dpop = Dpop::generate(Algorithm::Es256)?;
    let mut proof = dpop.proof(&method, &uri);
    if let Some(token) = &token {
        proof = proof.access_token(token);
        println!("Authorization: DPoP {token}");
    }
    println!("DPoP: {}", proof.sign(now())?);
    eprintln!("jkt of the key: {}", dpop.jkt());
    Ok(())
}
