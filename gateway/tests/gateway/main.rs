//! The gateway between a client and servers of the test's own, over loopback.

#![allow(clippy::unwrap_used)]

mod aggregate;
mod arrival;
mod backend;
mod cancel;
mod client;
mod enforce;
mod faults;
mod identity;
mod legacy;
mod limits;
mod modern;
mod pass;
mod sessions;
mod stdio;
mod stream;
