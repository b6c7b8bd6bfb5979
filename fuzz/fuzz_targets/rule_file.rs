//! Rule files in every format: read or refused, and what is read compiles and can be written again.

#![no_main]

#[path = "../../rules/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    match support::rule_text::RuleText::decode(data) {
        Some(case) => {
            case.check();
            Corpus::Keep
        }
        None => Corpus::Reject,
    }
});
