//! The gateway between a client and servers of the test's own, over loopback.

#![allow(clippy::unwrap_used)]

mod aggregate;
mod alerts;
mod approvals;
mod audit;
mod backend;
mod client;
mod enforce;
mod faults;
mod identity;
mod legacy;
mod modern;
mod pass;
mod sessions;
mod stdio;
mod stream;
