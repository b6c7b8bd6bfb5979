//! Hypersieve's C ABI, as a Rust library: what `libhypersieve` is made of.
//!
//! ```text
//! C caller -> hypersieve_*() -> call (panics caught, arguments checked) -> handle (tags, locks) -> hypersieve
//! ```
//!
//! `include/hypersieve.h` is made from this crate and says what callers promise and get; a test compares the two. Programs
//! in Rust use the crates `hypersieve` and `hypersieve-builtin` instead.

#![expect(
    clippy::missing_safety_doc,
    reason = "the header states once what callers promise of all arguments"
)]

mod buffer;
mod call;
mod database;
mod failure;
mod handle;
mod input;
mod names;
mod policy;
mod policy_json;
mod rule;
mod scanner;
mod status;
mod stream;
mod text;
mod verdict;
mod version;

pub use buffer::*;
pub use database::*;
pub use failure::*;
pub use names::*;
pub use policy::*;
pub use rule::*;
pub use scanner::*;
pub use status::*;
pub use stream::*;
pub use text::*;
pub use verdict::*;
pub use version::*;
