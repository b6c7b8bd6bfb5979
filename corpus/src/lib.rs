//! The corpus: attack samples and ordinary text of Hypersieve's own, and the generator of large ordinary text.
//!
//! Hand-written samples lie in `corpus/attacks/<category>` and `corpus/benign/<kind>`; `corpus/manifest.toml` says what
//! each must give. The files `corpus/benign/<kind>/generated.*` are what [`generate`] makes of the parameters in
//! [`committed`], and a test holds them to it.
//!
//! ```
//! use hypersieve_corpus::{Kind, generate};
//!
//! let text = generate(Kind::Logs, 1, 2_000);
//! assert!(text.len() >= 2_000);
//! assert_eq!(text, generate(Kind::Logs, 1, 2_000));
//! ```
#![forbid(unsafe_code)]

mod clock;
pub mod committed;
pub mod disguise;
mod html;
mod json;
mod kind;
mod logs;
mod mail;
mod prose;
mod rng;
mod shell;
mod source;
mod stock;
mod tables;
mod template;

pub use kind::{Kind, ParseKindError, generate};
pub use rng::Rng;
