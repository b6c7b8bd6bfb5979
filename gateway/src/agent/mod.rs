//! The side of the agents: Streamable HTTP in both eras.

mod aggregate;
mod body;
mod merge;
mod post;
mod relay;
mod review;
mod serve;
mod stream;

pub(crate) use review::AccessCode;
pub use serve::Server;
