//! Bytes that a call makes and the caller keeps.

use crate::call;
use crate::handle::Kind;
use crate::status::Status;

/// Bytes made by a call, and yours from then on. Any number of threads may read them at the same time.
pub struct Buffer {
    _opaque: (),
}

impl Kind for Buffer {
    type Value = Vec<u8>;
    const TAG: u64 = 0x6879_7065_6275_6666;
    const NAME: &'static str = "buffer";
}

/// Where the bytes are and how many; they live as long as the buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_buffer_bytes(
    buffer: *const Buffer,
    data: *mut *const u8,
    len: *mut usize,
) -> Status {
    let body = |call: &call::Call<'_>| {
        let (data, len) = (call.out(data, "data")?, call.out(len, "len")?);
        let bytes = call.shared(buffer)?;
        data.set(bytes.as_ptr());
        len.set(bytes.len());
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(body) }
}

/// Frees a buffer. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_buffer_free(buffer: *mut Buffer) -> Status {
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(|call| call.free(buffer)) }
}
