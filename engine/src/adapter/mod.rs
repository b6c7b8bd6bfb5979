//! Streams in the shapes that their users have: bytes go in, and come out once they are judged.
//!
//! | adapter | takes | gives |
//! |---|---|---|
//! | [`Relay`] | a chunk by a call | the bytes that may be passed on; fits a `futures::Stream` or the body of a message |
//! | [`Reader`] | from a [`std::io::Read`] | by [`std::io::Read`] |
//! | [`Writer`] | by [`std::io::Write`] | to a [`std::io::Write`] |
//! | [`Events`] | chunks of Server-Sent Events | whole events |
//!
//! What comes out are the bytes that went in, in order and unchanged. None of them is passed on before
//! [`Stream::cleared`](crate::Stream::cleared) says so, and from the moment on that the findings ask for
//! [`Action::Block`](crate::Action::Block), or what [`Relay::refuse_from`] names instead, none at all: every further call
//! fails. What was passed on before had been judged harmless; whoever receives it learns from the error that it is not
//! whole.
//!
//! No adapter knows an async runtime. [`Relay`] and [`Events`] never wait; they are called where a chunk is at hand.

mod error;
mod events;
mod line;
mod reader;
mod relay;
#[cfg(test)]
mod testing;
mod writer;

pub use error::RelayError;
pub use events::Events;
pub use reader::Reader;
pub use relay::Relay;
pub use writer::Writer;
