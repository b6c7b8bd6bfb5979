//! Which library this is.

use std::ffi::{CStr, c_char};

/// The ABI that this header describes: callers built with it work with libraries of the same major number and the same
/// or a higher minor one. The number in the shared library's soname is the major one.
pub const ABI_VERSION_MAJOR: u32 = 1;
/// Raised when something is added.
pub const ABI_VERSION_MINOR: u32 = 0;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("cargo's versions hold no NUL"),
};

/// The ABI of the library that is running: the major number times 65,536, plus the minor one.
#[unsafe(no_mangle)]
pub extern "C" fn hypersieve_abi_version() -> u32 {
    ABI_VERSION_MAJOR << 16 | ABI_VERSION_MINOR
}

/// The version of the library that is running, such as `0.1.0`: static, ends with NUL.
#[unsafe(no_mangle)]
pub extern "C" fn hypersieve_version() -> *const c_char {
    VERSION.as_ptr()
}
