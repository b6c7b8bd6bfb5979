//! Bytes of a database that somebody has changed, with a checksum that is right: refused, or harmless.

#![no_main]

#[path = "../../engine/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    match support::damage::Damage::decode(data) {
        Some(damage) => {
            damage.check();
            Corpus::Keep
        }
        None => Corpus::Reject,
    }
});
