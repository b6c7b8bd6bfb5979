//! The built-in rules: the project's rule files, read, checked and compiled when this crate is built.
//!
//! ```
//! use hypersieve::{Channel, Config, Policy, Scanner};
//!
//! let database = hypersieve_builtin::database(Config::new());
//! let verdict = Scanner::new(&database, Policy::new())?.scan(b"hello", Channel::Message)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

use hypersieve::{Config, Database, Rule};

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// All built-in rules, compiled.
static DATABASE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/database.bin"));

/// The database of all built-in rules: loaded, which takes far less time than to compile them.
///
/// ```
/// # use hypersieve::Config;
/// assert!(!hypersieve_builtin::database(Config::new()).rules().is_empty());
/// ```
pub fn database(config: Config) -> Database {
    Database::from_bytes(DATABASE, config).expect("the build script wrote them with the same engine")
}

/// All built-in rules, in the order of their files: the set `core`, then the set `extended`. For those who put some of
/// them together with others; to use just these, take [`database`].
pub fn rules() -> Vec<Rule> {
    database(Config::new()).rules().iter().map(|rule| (**rule).clone()).collect()
}

/// The rule files themselves, each as its path within the folder of the rules and its text.
pub fn sources() -> &'static [(&'static str, &'static str)] {
    SOURCES
}
