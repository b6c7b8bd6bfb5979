//! Law 2: every filter at every SIMD level gives what the oracle gives.

#![no_main]

#[path = "../../engine/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    match support::case::Case::decode(data, support::case::FILTERS_LONGEST) {
        Some(case) => {
            case.check_filters();
            Corpus::Keep
        }
        None => Corpus::Reject,
    }
});
