//! `hypersieve scan`: texts in, verdicts out.
//!
//! [`walk`] finds the files, [`source`] reads them in bounded memory, [`input`] scans them, [`report`] adds to the
//! findings what people and programs need to find them again; [`text`], [`json`] and [`sarif`] print reports.
//! [`jsonl`] and [`manifest`] are the two other ways to say what is to be scanned.

mod command;
mod excerpt;
mod files;
mod input;
mod item;
mod json;
mod jsonl;
mod manifest;
mod place;
mod progress;
mod record;
mod report;
mod sarif;
mod source;
mod text;
pub(crate) mod walk;
mod window;

pub(crate) use command::run;
