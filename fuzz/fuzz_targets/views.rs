//! Views: the bytes that a match is said to lie in say it again, however the text is cut.

#![no_main]

#[path = "../../engine/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    match support::case::Case::decode(data, support::case::VIEWS_LONGEST) {
        Some(case) => {
            case.check_views();
            Corpus::Keep
        }
        None => Corpus::Reject,
    }
});
