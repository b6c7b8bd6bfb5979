//! Why a call failed, and the handle that tells callers.

use std::borrow::Cow;

use crate::call;
use crate::handle::Kind;
use crate::status::Status;
use crate::text::Text;

/// Why a call failed, in words.
///
/// Made by the call that fails, and yours from then on. Any number of threads may read it at the same time.
pub struct Error {
    _opaque: (),
}

impl Kind for Error {
    type Value = Failure;
    const TAG: u64 = 0x6879_7065_7265_7272;
    const NAME: &'static str = "error";
}

/// A failed call.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    message: Cow<'static, str>,
}

pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(status: Status, message: impl Into<Cow<'static, str>>) -> Failure {
        Failure { status, message: message.into() }
    }

    pub(crate) fn argument(message: impl Into<Cow<'static, str>>) -> Failure {
        Failure::new(Status::InvalidArgument, message)
    }
}

/// The status of the call that failed; `HYPERSIEVE_STATUS_WRONG_HANDLE` if `error` is no error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_error_status(error: *const Error) -> Status {
    let mut status = Status::Internal;
    let body = |call: &call::Call<'_>| {
        status = call.shared(error)?.status;
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    let read = unsafe { call::run_quiet(body) };
    if read == Status::Ok { status } else { read }
}

/// The message, for people: UTF-8, one line or many. It lives as long as the error; empty if `error` is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_error_message(error: *const Error) -> Text {
    let mut message = Text::EMPTY;
    let body = |call: &call::Call<'_>| {
        message = Text::of(&call.shared(error)?.message);
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    let read = unsafe { call::run_quiet(body) };
    if read == Status::Ok { message } else { Text::EMPTY }
}

/// Frees an error. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_error_free(error: *mut Error) -> Status {
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(|call| call.free(error)) }
}
