//! Runs the program on small inputs, with the rules of `tests/rules.yaml`.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod audit;
mod bench;
mod files;
mod golden;
mod jsonl;
mod large;
mod manifest;
mod rules;
mod run;
mod sarif;
mod secrets;
mod serve;
mod serving;
mod usage;
