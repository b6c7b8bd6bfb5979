//! Strings that this library owns and callers read.

use std::ffi::c_char;
use std::ptr;

/// UTF-8 text that this library owns; it does not end with NUL. Where it says "none", `data` is NULL and `len` 0.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Text {
    /// Its first byte.
    pub data: *const c_char,
    /// Its length in bytes.
    pub len: usize,
}

// SAFETY: it points to what is not changed while anybody may read it.
unsafe impl Send for Text {}
// SAFETY: as above.
unsafe impl Sync for Text {}

impl Text {
    pub(crate) const NONE: Text = Text { data: ptr::null(), len: 0 };
    pub(crate) const EMPTY: Text = Text { data: c"".as_ptr(), len: 0 };

    /// Borrows without saying so: whoever makes one keeps `text` for as long as the documentation promises.
    pub(crate) fn of(text: &str) -> Text {
        Text { data: text.as_ptr().cast(), len: text.len() }
    }

    /// The text again.
    ///
    /// # Safety
    /// What it was made of is still there.
    pub unsafe fn as_str(&self) -> &str {
        if self.data.is_null() {
            return "";
        }
        // SAFETY: it was made of a string, and the caller says that this is still there.
        let bytes = unsafe { std::slice::from_raw_parts(self.data.cast::<u8>(), self.len) };
        // SAFETY: as above.
        unsafe { std::str::from_utf8_unchecked(bytes) }
    }
}
