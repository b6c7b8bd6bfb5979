//! What a call returns.

use std::ffi::{CStr, c_char};

/// What a call returns. Anything but `HYPERSIEVE_STATUS_OK` means: treat the text as blocked.
///
/// Numbers keep their meaning for as long as the ABI's major version does; new ones may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// It was done.
    Ok = 0,
    /// A null or misaligned pointer, a length over `PTRDIFF_MAX`, text that is no UTF-8, or a number that stands for
    /// nothing. A defect of the caller.
    InvalidArgument = 1,
    /// A pointer that is no handle of this kind, or one that was freed. A defect of the caller.
    WrongHandle = 2,
    /// Another call is using the handle: another thread's, or the one that this callback was called from.
    Busy = 3,
    /// The cache was made for another database than the scanner's.
    ForeignCache = 4,
    /// Rules that can't be used; the message says which, where and why.
    InvalidRules = 5,
    /// Bytes that are no database of this version, or a damaged one.
    InvalidDatabase = 6,
    /// A policy that can't be read, or that names a rule or a category which the database does not have.
    InvalidPolicy = 7,
    /// The scan could not be carried out.
    ScanFailed = 8,
    /// The handle is of no use any more, because an earlier call on it failed midway. Free it.
    Poisoned = 9,
    /// The stream has ended: nothing can be pushed behind its end.
    Ended = 10,
    /// There is no such rule.
    NotFound = 11,
    /// A defect of this library. The handles of the call are poisoned.
    Internal = 12,
}

impl Status {
    const ALL: [Status; 13] = [
        Status::Ok,
        Status::InvalidArgument,
        Status::WrongHandle,
        Status::Busy,
        Status::ForeignCache,
        Status::InvalidRules,
        Status::InvalidDatabase,
        Status::InvalidPolicy,
        Status::ScanFailed,
        Status::Poisoned,
        Status::Ended,
        Status::NotFound,
        Status::Internal,
    ];

    fn name(self) -> &'static CStr {
        match self {
            Status::Ok => c"ok",
            Status::InvalidArgument => c"invalid argument",
            Status::WrongHandle => c"wrong handle",
            Status::Busy => c"busy",
            Status::ForeignCache => c"foreign cache",
            Status::InvalidRules => c"invalid rules",
            Status::InvalidDatabase => c"invalid database",
            Status::InvalidPolicy => c"invalid policy",
            Status::ScanFailed => c"scan failed",
            Status::Poisoned => c"poisoned",
            Status::Ended => c"ended",
            Status::NotFound => c"not found",
            Status::Internal => c"internal error",
        }
    }
}

/// A status in words, such as `invalid rules`: static, ends with NUL; `unknown status` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn hypersieve_status_name(status: i32) -> *const c_char {
    let known = Status::ALL.into_iter().find(|s| *s as i32 == status);
    known.map_or(c"unknown status", Status::name).as_ptr()
}
