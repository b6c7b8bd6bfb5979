//! The guard at every entry: one place for what callers promise, and no panic gets out.

use std::ffi::c_char;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use crate::failure::{Error, Failure, Outcome};
use crate::handle::{self, Exclusive, Kind};
use crate::input::{self, Out};
use crate::status::Status;

/// A call from outside. It reads and writes through that call's arguments, and nothing of it outlives the call.
///
/// Whoever makes one answers for what the header asks of callers: a pointer is NULL, or a handle that was not freed, or
/// points to as many elements as the length says, which nobody changes meanwhile. What can be checked about that is
/// checked. The methods take pointers that came as arguments of this call, and no others.
pub(crate) struct Call<'a> {
    arguments: PhantomData<&'a ()>,
}

/// Runs a call that tells in `error`, if that is not null, why it failed.
///
/// # Safety
/// The arguments are as [`Call`] says.
pub(crate) unsafe fn run(
    error: *mut *mut Error,
    body: impl for<'a> FnOnce(&Call<'a>) -> Outcome<()>,
) -> Status {
    // SAFETY: a pointer to an error is an argument, too.
    let error = match unsafe { Out::new(error, "error") } {
        Ok(error) => error,
        // There is nowhere to put the message.
        Err(failure) => return failure.status,
    };
    if let Some(error) = &error {
        error.set(ptr::null_mut());
    }
    let failure = match caught(|| body(&Call { arguments: PhantomData })) {
        Ok(()) => return Status::Ok,
        Err(failure) => failure,
    };
    let status = failure.status;
    if let Some(error) = error {
        error.set(handle::create::<Error>(failure));
    }
    status
}

/// Runs a call that tells nothing but its status.
///
/// # Safety
/// As [`run`].
pub(crate) unsafe fn run_quiet(body: impl for<'a> FnOnce(&Call<'a>) -> Outcome<()>) -> Status {
    // SAFETY: the caller's promise is that of `run`.
    unsafe { run(ptr::null_mut(), body) }
}

fn caught(body: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    // What a panic leaves half done is poisoned by the guards of the handles, and never looked at again.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        let what = match payload.downcast_ref::<&str>() {
            Some(message) => message,
            None => payload.downcast_ref::<String>().map_or("no message", String::as_str),
        };
        let failure =
            Failure::new(Status::Internal, format!("a defect of hypersieve, please report it: {what}"));
        // To drop what was thrown could panic again.
        std::mem::forget(payload);
        Err(failure)
    })
}

impl<'a> Call<'a> {
    /// What a handle holds that no call ever changes.
    pub(crate) fn shared<K: Kind>(&self, handle: *const K) -> Outcome<&'a K::Value>
    where
        K::Value: Sync,
    {
        // SAFETY: an argument of the call.
        unsafe { handle::shared(handle) }
    }

    /// What a handle holds, for this call alone.
    pub(crate) fn exclusive<K: Kind>(&self, handle: *const K) -> Outcome<Exclusive<'a, K>> {
        // SAFETY: an argument of the call.
        unsafe { handle::exclusive(handle) }
    }

    /// Frees a handle that the caller gives up; null is fine.
    pub(crate) fn free<K: Kind>(&self, handle: *mut K) -> Outcome<()> {
        // SAFETY: an argument of the call, which ends the handle's life.
        unsafe { handle::free(handle) }
    }

    /// Elements, none of which null may stand for.
    pub(crate) fn slice<T>(&self, data: *const T, len: usize, what: &str) -> Outcome<&'a [T]> {
        // SAFETY: arguments of the call.
        unsafe { input::slice(data, len, what) }
    }

    /// UTF-8 text, which null may stand for if it is empty.
    pub(crate) fn text(&self, data: *const c_char, len: usize, what: &str) -> Outcome<&'a str> {
        let bytes = self.slice(data.cast::<u8>(), len, what)?;
        std::str::from_utf8(bytes)
            .map_err(|e| Failure::argument(format!("{what}: no UTF-8 from byte {} on", e.valid_up_to())))
    }

    /// Where an answer must be put.
    pub(crate) fn out<T>(&self, place: *mut T, what: &str) -> Outcome<Out<T>> {
        let out = self.optional_out(place, what)?;
        out.ok_or_else(|| Failure::argument(format!("{what}: NULL, so there is nowhere to put it")))
    }

    /// Where an answer is to be put if it is wanted.
    pub(crate) fn optional_out<T>(&self, place: *mut T, what: &str) -> Outcome<Option<Out<T>>> {
        // SAFETY: an argument of the call, which the result does not outlive: whoever called this keeps to that.
        unsafe { Out::new(place, what) }
    }

    /// Where a handle must be put; NULL stands there until it is.
    pub(crate) fn handle_out<K: Kind>(&self, place: *mut *mut K, what: &str) -> Outcome<Out<*mut K>> {
        let out = self.out(place, what)?;
        out.set(ptr::null_mut());
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{hypersieve_error_free, hypersieve_error_message, hypersieve_error_status};

    #[test]
    fn a_panic_is_a_status_with_its_message() {
        for thrown in [|| panic!("one"), || panic!("{}", "one")] as [fn() -> Outcome<()>; 2] {
            let mut error = ptr::null_mut();
            // SAFETY: the one argument is a place for the error.
            assert_eq!(unsafe { run(&mut error, |_| thrown()) }, Status::Internal);
            // SAFETY: the error was just made.
            let message = unsafe { hypersieve_error_message(error) };
            // SAFETY: it lives as long as the error.
            let message = unsafe { message.as_str() };
            assert_eq!(message, "a defect of hypersieve, please report it: one");
            // SAFETY: as above.
            assert_eq!(unsafe { hypersieve_error_status(error) }, Status::Internal);
            // SAFETY: nobody uses it any more.
            assert_eq!(unsafe { hypersieve_error_free(error) }, Status::Ok);
        }
    }

    #[test]
    fn an_earlier_error_is_not_taken_for_a_new_one() {
        let mut error = ptr::dangling_mut();
        // SAFETY: the one argument is a place for the error.
        assert_eq!(unsafe { run(&mut error, |_| Ok(())) }, Status::Ok);
        assert!(error.is_null());
    }
}
