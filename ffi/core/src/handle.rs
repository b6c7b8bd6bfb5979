//! Handles: memory that the caller holds on to and only this library looks into.
//!
//! Each begins with a tag that says of which kind it is, so that a wrong one is told from the right one before anything
//! else is read. Those that a call changes carry a lock that is never waited for: a second call at the same time, or
//! one from a callback, is refused rather than undefined.

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::failure::{Failure, Outcome};
use crate::status::Status;

/// A kind of handle; the implementing type is what the caller has pointers to.
pub(crate) trait Kind {
    /// What the handle holds.
    type Value: Send;
    /// Tells kinds apart; no two kinds share one.
    const TAG: u64;
    /// In messages.
    const NAME: &'static str;
}

/// What a pointer to a kind really points to.
#[repr(C)]
struct Handle<K: Kind> {
    /// First, whatever the kind.
    tag: AtomicU64,
    lock: AtomicU32,
    value: UnsafeCell<K::Value>,
}

const FREE: u32 = 0;
const LOCKED: u32 = 1;
const POISONED: u32 = 2;

/// What the tag becomes when the handle is freed.
const DEAD: u64 = 0xdead;

/// Makes a handle; [`free`] frees it.
pub(crate) fn create<K: Kind>(value: K::Value) -> *mut K {
    let (tag, lock) = (AtomicU64::new(K::TAG), AtomicU32::new(FREE));
    Box::into_raw(Box::new(Handle::<K> { tag, lock, value: UnsafeCell::new(value) })).cast()
}

/// The handle behind a pointer, if it is of this kind.
///
/// # Safety
/// The pointer is null, misaligned, or points to a handle of any kind that lives as long as `'a`.
unsafe fn check<'a, K: Kind>(pointer: *const K) -> Outcome<&'a Handle<K>> {
    if pointer.is_null() {
        return Err(Failure::argument(format!("the {} is NULL", K::NAME)));
    }
    let handle = pointer.cast::<Handle<K>>();
    let wrong = || Failure::new(Status::WrongHandle, format!("this is no {}, or it was freed", K::NAME));
    if !handle.is_aligned() {
        return Err(wrong());
    }
    // SAFETY: every kind of handle begins with its tag, and the caller gives a handle.
    let tag = unsafe { &*pointer.cast::<AtomicU64>() };
    if tag.load(Ordering::Relaxed) != K::TAG {
        return Err(wrong());
    }
    // SAFETY: the tag says that `create` made it for this kind.
    Ok(unsafe { &*handle })
}

/// What a handle holds that no call ever changes.
///
/// # Safety
/// As [`check`]; and the kind is one of which no call takes an [`Exclusive`].
pub(crate) unsafe fn shared<'a, K: Kind>(pointer: *const K) -> Outcome<&'a K::Value>
where
    K::Value: Sync,
{
    // SAFETY: the caller's promise is that of `check`.
    let handle = unsafe { check(pointer) }?;
    // SAFETY: nothing of this kind is ever borrowed mutably.
    Ok(unsafe { &*handle.value.get() })
}

/// What a handle holds, for this call alone.
///
/// # Safety
/// As [`check`].
pub(crate) unsafe fn exclusive<'a, K: Kind>(pointer: *const K) -> Outcome<Exclusive<'a, K>> {
    // SAFETY: the caller's promise is that of `check`.
    let handle = unsafe { check(pointer) }?;
    match handle.lock.compare_exchange(FREE, LOCKED, Ordering::Acquire, Ordering::Relaxed) {
        Ok(_) => Ok(Exclusive { handle }),
        Err(POISONED) => Err(Failure::new(
            Status::Poisoned,
            format!("an earlier call on this {} failed midway: free it and make another", K::NAME),
        )),
        Err(_) => Err(Failure::new(
            Status::Busy,
            format!("another call is using this {}: use one for each thread", K::NAME),
        )),
    }
}

/// Frees a handle; null is fine.
///
/// # Safety
/// As [`check`]; and nobody uses the handle any more.
pub(crate) unsafe fn free<K: Kind>(pointer: *mut K) -> Outcome<()> {
    if pointer.is_null() {
        return Ok(());
    }
    // SAFETY: the caller's promise is that of `check`.
    let handle = unsafe { check(pointer.cast_const()) }?;
    if handle.lock.swap(LOCKED, Ordering::Acquire) == LOCKED {
        return Err(Failure::new(Status::Busy, format!("another call is using this {}", K::NAME)));
    }
    handle.tag.store(DEAD, Ordering::Relaxed);
    // SAFETY: `create` made it of a box, and nobody uses it: the lock is ours.
    drop(unsafe { Box::from_raw(pointer.cast::<Handle<K>>()) });
    Ok(())
}

/// What a handle holds, borrowed by one call; a panic meanwhile poisons the handle.
pub(crate) struct Exclusive<'a, K: Kind> {
    handle: &'a Handle<K>,
}

impl<K: Kind> Deref for Exclusive<'_, K> {
    type Target = K::Value;

    fn deref(&self) -> &K::Value {
        // SAFETY: whoever has the lock is the only one who borrows.
        unsafe { &*self.handle.value.get() }
    }
}

impl<K: Kind> DerefMut for Exclusive<'_, K> {
    fn deref_mut(&mut self) -> &mut K::Value {
        // SAFETY: whoever has the lock is the only one who borrows.
        unsafe { &mut *self.handle.value.get() }
    }
}

impl<K: Kind> Drop for Exclusive<'_, K> {
    fn drop(&mut self) {
        let next = if std::thread::panicking() { POISONED } else { FREE };
        self.handle.lock.store(next, Ordering::Release);
    }
}

impl<K: Kind> fmt::Debug for Exclusive<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::NAME)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    struct One;
    struct Other;

    impl Kind for One {
        type Value = u8;
        const TAG: u64 = 1;
        const NAME: &'static str = "one";
    }

    impl Kind for Other {
        type Value = u8;
        const TAG: u64 = 2;
        const NAME: &'static str = "other";
    }

    fn status<T>(outcome: Outcome<T>) -> Status {
        outcome.map_or_else(|failure| failure.status, |_| Status::Ok)
    }

    #[test]
    fn kinds_are_told_apart() {
        let one = create::<One>(7);
        // SAFETY: a live handle.
        assert_eq!(*unsafe { shared(one.cast_const()) }.expect("it is one"), 7);
        // SAFETY: a live handle, of another kind.
        assert_eq!(status(unsafe { exclusive(one.cast::<Other>()) }), Status::WrongHandle);
        // SAFETY: null.
        assert_eq!(status(unsafe { exclusive(std::ptr::null::<One>()) }), Status::InvalidArgument);
        // SAFETY: misaligned.
        assert_eq!(status(unsafe { exclusive(one.wrapping_byte_add(1)) }), Status::WrongHandle);
        // SAFETY: a live handle, of another kind.
        assert_eq!(status(unsafe { free(one.cast::<Other>()) }), Status::WrongHandle);
        // SAFETY: nobody uses it any more.
        assert_eq!(status(unsafe { free(one) }), Status::Ok);
    }

    #[test]
    fn a_second_call_is_refused_and_a_panic_poisons() {
        let one = create::<One>(7);
        // SAFETY: a live handle.
        let first = unsafe { exclusive(one.cast_const()) }.expect("nobody uses it");
        // SAFETY: a live handle.
        assert_eq!(status(unsafe { exclusive(one.cast_const()) }), Status::Busy);
        // SAFETY: a live handle in use, so that it is not freed.
        assert_eq!(status(unsafe { free(one) }), Status::Busy);
        drop(first);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: a live handle.
            let _used = unsafe { exclusive(one.cast_const()) }.expect("nobody uses it");
            panic!("midway");
        }));
        assert!(panicked.is_err());
        // SAFETY: a live handle.
        assert_eq!(status(unsafe { exclusive(one.cast_const()) }), Status::Poisoned);
        // SAFETY: nobody uses it any more.
        assert_eq!(status(unsafe { free(one) }), Status::Ok);
    }
}
