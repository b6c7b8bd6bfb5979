//! A small MCP gateway.
#![forbid(unsafe_code)]
#![allow(dead_code)]
mod answer;
mod catalogue;
pub mod config;
mod digest;
mod json;
mod message;
mod scan;
mod sse;
mod text;
