//! What the tests and the fuzz target `ffi_calls` share.

pub(crate) mod calls;
pub(crate) mod told;
