//! Scanners and caches; scans of whole texts.

use std::ptr;
use std::sync::Arc;

use hypersieve::mask;

use crate::buffer::Buffer;
use crate::call::{self, Call};
use crate::database::{Database, Shared};
use crate::failure::{Error, Failure, Outcome};
use crate::handle::{self, Kind};
use crate::input;
use crate::policy::Policy;
use crate::status::Status;
use crate::verdict::{Shown, Verdict};

/// A database with a policy.
///
/// Never changes: any number of threads may use it at the same time. What is made with it keeps what it needs of it, so
/// that it may be freed first.
pub struct Scanner {
    _opaque: (),
}

impl Kind for Scanner {
    type Value = Scanning;
    const TAG: u64 = 0x6879_7065_7363_616e;
    const NAME: &'static str = "scanner";
}

/// Working memory for scans, and the verdicts of the last one.
///
/// One thread at a time: give each thread its own. It may be used with every scanner of its database.
pub struct Cache {
    _opaque: (),
}

impl Kind for Cache {
    type Value = Working;
    const TAG: u64 = 0x6879_7065_6361_6368;
    const NAME: &'static str = "cache";
}

/// A text among others.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Item {
    /// The text; it need not be UTF-8.
    pub text: *const u8,
    /// Its length in bytes.
    pub text_len: usize,
    /// Where it comes from: a `hypersieve_channel`.
    pub channel: u32,
}

pub(crate) struct Scanning {
    pub(crate) shared: Arc<Shared>,
    pub(crate) scanner: hypersieve::Scanner,
}

pub(crate) struct Working {
    shared: Arc<Shared>,
    cache: hypersieve::Cache,
    /// As many as the largest batch had texts; those of the last scan come first.
    shown: Vec<Shown>,
    verdicts: Vec<Verdict>,
}

/// A scanner; `policy` may be NULL for one with nothing set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_scanner_new(
    database: *const Database,
    policy: *const Policy,
    scanner: *mut *mut Scanner,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.handle_out(scanner, "scanner")?;
        let shared = Arc::clone(call.shared(database)?);
        let policy =
            if policy.is_null() { hypersieve::Policy::new() } else { call.exclusive(policy)?.clone() };
        let scanner = hypersieve::Scanner::new(shared.database(), policy);
        let scanner = scanner.map_err(|e| Failure::new(Status::InvalidPolicy, e.to_string()))?;
        out.set(handle::create::<Scanner>(Scanning { shared, scanner }));
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Frees a scanner. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_scanner_free(scanner: *mut Scanner) -> Status {
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(|call| call.free(scanner)) }
}

/// A cache for the scanners of a database.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_cache_new(
    scanner: *const Scanner,
    cache: *mut *mut Cache,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.handle_out(cache, "cache")?;
        let scanning = call.shared(scanner)?;
        out.set(handle::create::<Cache>(Working {
            shared: Arc::clone(&scanning.shared),
            cache: scanning.scanner.create_cache(),
            shown: vec![Shown::default()],
            verdicts: Vec::with_capacity(1),
        }));
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Frees a cache, and with it the verdicts that it holds. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_cache_free(cache: *mut Cache) -> Status {
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(|call| call.free(cache)) }
}

/// Scans a text; it need not be UTF-8. `channel` is a `hypersieve_channel`.
///
/// The verdict and all it points to live until the next call with this cache. If the call fails there is none, and the
/// text must be treated as blocked.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_scan(
    scanner: *const Scanner,
    cache: *mut Cache,
    text: *const u8,
    text_len: usize,
    channel: u32,
    verdict: *mut *const Verdict,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.out(verdict, "verdict")?;
        out.set(ptr::null());
        let scanning = call.shared(scanner)?;
        let text = call.slice(text, text_len, "text")?;
        let channel = input::channel(channel)?;
        let mut working = call.exclusive(cache)?;
        working.scan(scanning, &[(text, channel)])?;
        out.set(working.verdicts.as_ptr());
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Scans many texts one after the other; `verdicts` becomes an array of as many verdicts, in the order of the texts.
///
/// They and all they point to live until the next call with this cache. If the call fails there are none, and all of the
/// texts must be treated as blocked.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_scan_batch(
    scanner: *const Scanner,
    cache: *mut Cache,
    items: *const Item,
    items_len: usize,
    verdicts: *mut *const Verdict,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.out(verdicts, "verdicts")?;
        out.set(ptr::null());
        let scanning = call.shared(scanner)?;
        let items = call.slice(items, items_len, "items")?;
        let texts: Vec<(&[u8], hypersieve::Channel)> = items
            .iter()
            .map(|item| Ok((call.slice(item.text, item.text_len, "text")?, input::channel(item.channel)?)))
            .collect::<Outcome<_>>()?;
        let mut working = call.exclusive(cache)?;
        working.scan(scanning, &texts)?;
        out.set(working.verdicts.as_ptr());
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// The bytes `from` to `to` (exclusive) of a text as they may be printed: each secret masked that a sensitive rule of
/// the database finds in the text as a whole, whatever a policy says about that rule. UTF-8; what is none becomes U+FFFD.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_redact(
    database: *const Database,
    text: *const u8,
    text_len: usize,
    from: usize,
    to: usize,
    buffer: *mut *mut Buffer,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.handle_out(buffer, "buffer")?;
        let shared = call.shared(database)?;
        let text = call.slice(text, text_len, "text")?;
        if from > to || to > text.len() {
            return Err(Failure::argument(format!("{from} to {to} is no part of {} bytes", text.len())));
        }
        let verdict = shared.unfiltered().scan(text, hypersieve::Channel::Any).map_err(failed)?;
        let spans = mask::sensitive_spans(text, verdict.findings());
        out.set(handle::create::<Buffer>(mask::redact(text, from..to, &spans).into_bytes()));
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

impl Working {
    /// Scans texts; the verdicts are those of just these texts, or none if it fails.
    fn scan(&mut self, scanning: &Scanning, texts: &[(&[u8], hypersieve::Channel)]) -> Outcome<()> {
        self.verdicts.clear();
        self.shown.iter_mut().for_each(Shown::clear);
        if !Arc::ptr_eq(&self.shared, &scanning.shared) {
            return Err(Failure::new(
                Status::ForeignCache,
                "the cache was made for another database: make one with a scanner of this one",
            ));
        }
        if self.shown.len() < texts.len() {
            self.shown.resize_with(texts.len(), Shown::default);
        }
        for ((text, channel), shown) in texts.iter().zip(&mut self.shown) {
            match scanning.scanner.scan_with(&mut self.cache, text, *channel) {
                Ok(verdict) => self.verdicts.push(shown.show(verdict, &self.shared)),
                Err(error) => {
                    self.verdicts.clear();
                    return Err(failed(error));
                }
            }
        }
        Ok(())
    }
}

/// A scan that could not be carried out.
pub(crate) fn failed(error: hypersieve::ScanError) -> Failure {
    Failure::new(Status::ScanFailed, error.to_string())
}
