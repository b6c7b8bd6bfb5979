//! Sequences of calls of the C ABI with hostile arguments: each does what the engine does, or is refused.

#![no_main]

#[path = "../../ffi/core/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| support::calls::check(data));
