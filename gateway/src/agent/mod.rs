//! The side of the agents: Streamable HTTP in both eras, and HTTP with server-sent events as before.

mod aggregate;
mod body;
mod legacy;
mod merge;
mod post;
mod relay;
mod review;
mod serve;
mod stream;

pub(crate) use legacy::LegacyClients;
pub(crate) use review::AccessCode;
pub use serve::Server;
