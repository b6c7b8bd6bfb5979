//! A small MCP gateway.
#![forbid(unsafe_code)]

mod agent;
mod answer;
mod audit;
mod backend;
mod catalogue;
pub mod config;
mod digest;
mod era;
mod exchange;
mod gateway;
mod identity;
mod json;
mod list;
mod message;
mod metrics;
mod scan;
mod session;
mod sse;
mod text;
mod wrap;

pub use agent::Server;
pub use gateway::{StartError, check};
pub use wrap::wrap;
