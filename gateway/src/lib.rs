//! A small MCP gateway: it stands between agents and their MCP servers, scans what passes, and stops what it must.
//!
//! ```text
//! agent -> agent/ (HTTP) or wrap -> exchange: who, which tool, what arguments -> backend/ (HTTP, legacy SSE, child process)
//! agent <- the same bytes, or a blocked answer <- exchange: what the answer says, event by event <- backend/
//! ```
//!
//! [`config::Config`] says what a gateway does, [`Server`] serves it over HTTP, [`wrap`] around one server on standard
//! input and output. The folder's README tells what happens to a call, and what each dependency is for.

#![forbid(unsafe_code)]

mod agent;
mod alert;
mod answer;
mod arriving;
pub mod audit;
mod backend;
mod catalogue;
pub mod config;
mod digest;
mod era;
mod exchange;
mod gateway;
mod hold;
mod identity;
mod json;
mod limits;
mod list;
mod message;
mod metrics;
mod reload;
mod scan;
mod session;
mod sse;
mod state;
mod text;
pub mod tokens;
mod wrap;

pub use agent::Server;
pub use gateway::{StartError, check};
pub use reload::Reloader;
pub use wrap::wrap;
