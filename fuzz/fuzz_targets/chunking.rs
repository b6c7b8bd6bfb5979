//! Laws 1 and 6: however a text is cut, and whatever a stream says before it ends.

#![no_main]

#[path = "../../engine/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    match support::case::Case::decode(data, support::case::CHUNKING_LONGEST) {
        Some(case) => {
            case.check_chunking();
            Corpus::Keep
        }
        None => Corpus::Reject,
    }
});
