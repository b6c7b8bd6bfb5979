//! JSON read strictly and without copies: where things stand in a message, so that its bytes can be passed on as they are.
//!
//! Parsers differ in what they forgive, and what one forgives another reads differently. This one forgives nothing: no
//! duplicate keys, no trailing commas, no comments, no `NaN`, no invalid UTF-8, nothing behind the document.

mod error;
mod reader;
mod splice;
mod string;

pub(crate) use error::JsonError;
pub(crate) use reader::{Reader, Token};
pub(crate) use splice::splice;
pub(crate) use string::{quote, unescape};
