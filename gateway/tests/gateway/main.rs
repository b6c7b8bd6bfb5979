//! The gateway between a client and servers of the test's own, over loopback.

#![allow(clippy::unwrap_used)]

mod aggregate;
mod alerts;
mod approvals;
mod arrival;
mod audit;
mod backend;
mod cancel;
mod client;
mod enforce;
mod faults;
mod identity;
mod legacy;
mod legacy_client;
mod limits;
mod modern;
mod pass;
mod reload;
mod sessions;
mod size;
mod stdio;
mod stream;
mod tokens;
