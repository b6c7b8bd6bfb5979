//! What the tests and the fuzz target share.

#![allow(dead_code, reason = "each test and each fuzz target uses its part")]

pub(crate) mod rule_text;
