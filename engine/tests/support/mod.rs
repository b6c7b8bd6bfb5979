//! What the law tests and the fuzz targets share: a stock of rules, texts made of their words, and the laws as checks.

#![allow(dead_code, reason = "each test and each fuzz target uses its part")]

pub(crate) mod case;
pub(crate) mod check;
pub(crate) mod compose;
pub(crate) mod damage;
pub(crate) mod encode;
pub(crate) mod secret;
pub(crate) mod stock;
