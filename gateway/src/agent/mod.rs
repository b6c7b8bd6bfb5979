//! The side of the agents: Streamable HTTP in both eras.

mod aggregate;
mod body;
mod merge;
mod post;
mod relay;
mod serve;
mod stream;

pub use serve::Server;
