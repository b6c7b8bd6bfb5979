//! `libhypersieve`: the functions of `hypersieve-ffi` as a shared and a static C library.

#![forbid(unsafe_code)]

// Names the crate, so that its functions are linked in and exported.
pub use hypersieve_ffi::*;
