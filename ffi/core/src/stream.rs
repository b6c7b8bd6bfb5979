//! Streams: texts that arrive in pieces.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use hypersieve::View;

use crate::call::{self, Call};
use crate::database::Shared;
use crate::failure::{Error, Failure, Outcome};
use crate::handle::{self, Kind};
use crate::input;
use crate::names::Action;
use crate::scanner::{Scanner, failed};
use crate::status::Status;
use crate::verdict::{self, Finding, Shown, Verdict};

/// A text that arrives in pieces. However it is cut, the verdict is that of the text as a whole.
///
/// One thread at a time; it may be another one for each call. After a call that fails it is of no use any more, and what
/// it carried must be treated as blocked.
pub struct Stream {
    _opaque: (),
}

impl Kind for Stream {
    type Value = Streaming;
    const TAG: u64 = 0x6879_7065_7374_7265;
    const NAME: &'static str = "stream";
}

/// How far a stream has come.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Progress {
    /// Bytes pushed.
    pub pushed: u64,
    /// What lies below this offset has been judged; it never falls. Look at `action` before you release it.
    pub cleared: u64,
    /// What the findings so far ask for; it can only become graver.
    pub action: Action,
}

/// Called with a finding as soon as it is certain, from within the call on the stream that made it so. The finding lives
/// until the callback returns. It must not throw, jump out, or use the stream.
pub type FindingCallback = Option<unsafe extern "C" fn(finding: *const Finding, context: *mut c_void)>;

pub(crate) struct Streaming {
    shared: Arc<Shared>,
    /// `None` once it has ended or failed.
    stream: Option<hypersieve::Stream>,
    ended: bool,
    progress: Progress,
    listener: Option<Listener>,
    listed: Vec<Finding>,
    shown: Shown,
    verdict: Option<Verdict>,
}

/// Whom to tell of findings, and what was told.
struct Listener {
    callback: unsafe extern "C" fn(*const Finding, *mut c_void),
    context: *mut c_void,
    /// Sorted as the findings are.
    told: Vec<Key>,
}

// SAFETY: the context is only handed to the callback, on the thread that makes the call; who uses a stream from several
// threads has been told that one uses it at a time.
unsafe impl Send for Listener {}

/// What makes a finding the same one.
type Key = (u64, u64, usize, View);

/// Opens a stream. `channel` is a `hypersieve_channel`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_stream_open(
    scanner: *const Scanner,
    channel: u32,
    stream: *mut *mut Stream,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.handle_out(stream, "stream")?;
        let scanning = call.shared(scanner)?;
        let channel = input::channel(channel)?;
        out.set(handle::create::<Stream>(Streaming {
            shared: Arc::clone(&scanning.shared),
            stream: Some(scanning.scanner.stream(channel)),
            ended: false,
            progress: Progress { pushed: 0, cleared: 0, action: Action::Allow },
            listener: None,
            listed: Vec::new(),
            shown: Shown::default(),
            verdict: None,
        }));
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Has `callback` called for each finding that is not known yet when this is called, once, with `context`. NULL ends
/// that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_stream_on_finding(
    stream: *mut Stream,
    callback: FindingCallback,
    context: *mut c_void,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let mut streaming = call.exclusive(stream)?;
        let told = streaming.open()?.findings().iter().map(|f| key(f, &streaming.shared)).collect();
        streaming.listener = callback.map(|callback| Listener { callback, context, told });
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Takes the next bytes. `progress` may be NULL.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_stream_push(
    stream: *mut Stream,
    bytes: *const u8,
    bytes_len: usize,
    progress: *mut Progress,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let mut streaming = call.exclusive(stream)?;
        let pushed = call.slice(bytes, bytes_len, "bytes").and_then(|bytes| {
            let out = call.optional_out(progress, "progress")?;
            streaming.advance(|stream| stream.push(bytes), bytes.len())?;
            if let Some(out) = out {
                out.set(streaming.progress);
            }
            Ok(())
        });
        streaming.fail_closed(pushed)
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Says that a message ends here: judges what is pending as if the text did, and clears it. What comes later can still
/// complete a phrase, which is found then. `progress` may be NULL.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_stream_boundary(
    stream: *mut Stream,
    progress: *mut Progress,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let mut streaming = call.exclusive(stream)?;
        let judged = call.optional_out(progress, "progress").and_then(|out| {
            streaming.advance(hypersieve::Stream::boundary, 0)?;
            if let Some(out) = out {
                out.set(streaming.progress);
            }
            Ok(())
        });
        streaming.fail_closed(judged)
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// The offset below which all has been judged: those bytes may be released if the action so far lets them pass. 0 if
/// the stream has failed or `stream` is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_stream_cleared(stream: *const Stream) -> u64 {
    let mut cleared = 0;
    let body = |call: &Call<'_>| {
        let streaming = call.exclusive(stream)?;
        if streaming.stream.is_some() || streaming.verdict.is_some() {
            cleared = streaming.progress.cleared;
        }
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    let read = unsafe { call::run_quiet(body) };
    if read == Status::Ok { cleared } else { 0 }
}

/// The findings that are certain so far, sorted as in a verdict. They live until the next call with this stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_stream_findings(
    stream: *mut Stream,
    findings: *mut *const Finding,
    findings_len: *mut usize,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let (out, out_len) = (call.out(findings, "findings")?, call.out(findings_len, "findings_len")?);
        out.set(ptr::null());
        out_len.set(0);
        let mut streaming = call.exclusive(stream)?;
        let mut listed = std::mem::take(&mut streaming.listed);
        listed.clear();
        listed.extend(streaming.open()?.findings().iter().map(|f| verdict::finding(f, &streaming.shared)));
        streaming.listed = listed;
        out.set(streaming.listed.as_ptr());
        out_len.set(streaming.listed.len());
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Ends the text and concludes. Afterwards the stream can only be freed.
///
/// The verdict and all it points to live until then. If the call fails there is none, and the text must be treated as
/// blocked; so must a text whose stream is never finished.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_stream_finish(
    stream: *mut Stream,
    verdict: *mut *const Verdict,
    error: *mut *mut Error,
) -> Status {
    let body = |call: &Call<'_>| {
        let out = call.out(verdict, "verdict")?;
        out.set(ptr::null());
        let mut streaming = call.exclusive(stream)?;
        out.set(streaming.finish()?);
        Ok(())
    };
    // SAFETY: the arguments are the caller's.
    unsafe { call::run(error, body) }
}

/// Frees a stream, and with it its verdict. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hypersieve_stream_free(stream: *mut Stream) -> Status {
    // SAFETY: the arguments are the caller's.
    unsafe { call::run_quiet(|call| call.free(stream)) }
}

impl Streaming {
    /// The stream while it can still be pushed to.
    fn open(&self) -> Outcome<&hypersieve::Stream> {
        self.stream.as_ref().ok_or_else(|| self.closed())
    }

    fn closed(&self) -> Failure {
        if self.ended {
            Failure::new(Status::Ended, "the stream has ended: open another one for another text")
        } else {
            let message = "an earlier call on this stream failed: treat what it carried as blocked";
            Failure::new(Status::Poisoned, message)
        }
    }

    fn advance(
        &mut self,
        step: impl FnOnce(&mut hypersieve::Stream) -> Result<(), hypersieve::ScanError>,
        len: usize,
    ) -> Outcome<()> {
        let Some(stream) = &mut self.stream else { return Err(self.closed()) };
        step(stream).map_err(failed)?;
        let pushed = self.progress.pushed + u64::try_from(len).expect("a length has at most 64 bits");
        self.progress =
            Progress { pushed, cleared: stream.cleared(), action: verdict::action(stream.action()) };
        if let Some(listener) = &mut self.listener {
            listener.tell(stream.findings(), &self.shared);
        }
        Ok(())
    }

    /// A stream that missed bytes must not go on as if it had seen them.
    fn fail_closed(&mut self, outcome: Outcome<()>) -> Outcome<()> {
        if outcome.is_err() && !self.ended {
            self.stream = None;
        }
        outcome
    }

    fn finish(&mut self) -> Outcome<*const Verdict> {
        let Some(stream) = self.stream.take() else { return Err(self.closed()) };
        let concluded = stream.finish().map_err(failed)?;
        self.ended = true;
        if let Some(listener) = &mut self.listener {
            listener.tell(concluded.findings(), &self.shared);
        }
        Ok(self.verdict.insert(self.shown.show(concluded, &self.shared)))
    }
}

impl Listener {
    /// Tells what is new. Both lists are sorted, so that one walk over them shows it.
    fn tell(&mut self, findings: &[hypersieve::Finding], shared: &Shared) {
        let keys = || findings.iter().map(|f| key(f, shared));
        let mut told = self.told.iter().copied().peekable();
        let mut new = Vec::new();
        for (finding, key) in findings.iter().zip(keys()) {
            // What is listed no more, because others come before it, was told once.
            while told.next_if(|other| *other < key).is_some() {}
            if told.next_if_eq(&key).is_none() {
                new.push(finding);
            }
        }
        if new.is_empty() {
            return;
        }
        self.told = keys().collect();
        for finding in new {
            let shown = verdict::finding(finding, shared);
            // SAFETY: the caller gave this callback and context to be called like this.
            unsafe { (self.callback)(&shown, self.context) };
        }
    }
}

fn key(finding: &hypersieve::Finding, shared: &Shared) -> Key {
    (finding.start(), finding.end(), shared.place(finding.rule()), finding.view())
}
