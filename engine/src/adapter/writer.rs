//! Writing through the engine.

use std::io::{self, Write};

use crate::adapter::Relay;
use crate::severity::Action;
use crate::stream::Stream;
use crate::verdict::Verdict;

/// A [`Write`] that passes bytes on to another one once they are judged.
///
/// The text ends with [`finish`](Writer::finish); what is held back when a writer is dropped without it is lost, because it
/// was not judged. [`flush`](Write::flush) passes on what may be, not more: where a message ends that must not wait, say so
/// with [`boundary`](Writer::boundary).
///
/// Errors of the other writer lose nothing: what it did not take is offered to it again at the next call. If a write was
/// taken in and could not be passed on, the next call says so.
///
/// ```
/// use std::io::Write;
///
/// use hypersieve::adapter::Writer;
/// # use hypersieve::{Channel, Database, Pattern, Policy, Rule, Scanner, Severity};
/// # let rule = Rule::new("DEMO_1", "prompt-injection", Severity::Critical)
/// #     .pattern(Pattern::literal("ignore previous instructions"));
/// # let scanner = Scanner::new(&Database::builder().rule(rule).build()?, Policy::new())?;
///
/// let mut writer = Writer::new(scanner.stream(Channel::ToolResult), Vec::new());
/// writer.write_all(b"nothing to ")?;
/// writer.write_all(b"worry about")?;
/// writer.finish()?;
/// assert_eq!(writer.into_inner(), b"nothing to worry about");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "bytes are held back until the writer is finished"]
pub struct Writer<W> {
    inner: W,
    relay: Relay,
    /// Of passing on bytes whose write had been taken in: the next call says it.
    late: Option<io::Error>,
}

impl<W> Writer<W> {
    /// Writes the text of a stream to which nothing was pushed yet to `inner`.
    pub fn new(stream: Stream, inner: W) -> Writer<W> {
        Writer { inner, relay: Relay::new(stream), late: None }
    }

    /// See [`Relay::refuse_from`].
    pub fn refuse_from(mut self, action: Action) -> Writer<W> {
        self.relay = self.relay.refuse_from(action);
        self
    }

    /// The verdict, once the text was finished and could be judged.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.relay.verdict()
    }

    /// What is known before that: findings and action.
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// The other writer. Bytes that are held back are lost.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

impl<W: Write> Writer<W> {
    /// Says that a message ends here, as [`Stream::boundary`], passes everything on and flushes it.
    ///
    /// # Errors
    /// The text is refused or can't be judged, or the other writer fails; it may be called again then.
    pub fn boundary(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.relay.declare_boundary()?;
        self.pass_on()?;
        self.inner.flush()
    }

    /// Ends the text, passes everything on and flushes it.
    ///
    /// # Errors
    /// The text is refused or can't be judged; its verdict is there nevertheless. Or the other writer fails; it may be
    /// called again then.
    pub fn finish(&mut self) -> io::Result<&Verdict> {
        if self.relay.is_finished() {
            self.relay.check()?;
        } else {
            self.relay.conclude()?;
        }
        self.pass_on()?;
        self.inner.flush()?;
        Ok(self.relay.verdict().expect("a text that was judged to its end has a verdict"))
    }

    /// Writes what may be passed on.
    fn pass_on(&mut self) -> io::Result<()> {
        self.relay.check()?;
        if let Some(late) = self.late.take() {
            return Err(late);
        }
        while !self.relay.ready().is_empty() {
            match self.inner.write(self.relay.ready()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.relay.consume(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // First what is left over: were it to fail behind the next bytes, these would be written twice.
        self.pass_on()?;
        self.relay.take_in(bytes)?;
        self.late = self.pass_on().err();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::testing::{HOSTILE, PLAIN, cuts, scanner};
    use crate::channel::Channel;

    /// Takes two bytes at a time, and now and then none.
    #[derive(Default)]
    struct Reluctant {
        taken: Vec<u8>,
        calls: usize,
    }

    impl Write for Reluctant {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            match self.calls % 5 {
                0 => Err(io::ErrorKind::WouldBlock.into()),
                3 => Err(io::ErrorKind::Interrupted.into()),
                _ => {
                    let count = bytes.len().min(2);
                    self.taken.extend_from_slice(&bytes[..count]);
                    Ok(count)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Calls again while the other writer would block.
    fn patiently<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        loop {
            match call() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }

    #[test]
    fn every_byte_is_written_once() {
        for cut in cuts(PLAIN) {
            let mut writer = Writer::new(scanner().stream(Channel::Any), Reluctant::default());
            for piece in cut {
                assert_eq!(patiently(|| writer.write(piece)).unwrap(), piece.len());
            }
            let action = patiently(|| writer.finish().map(Verdict::action)).unwrap();
            assert_eq!(action, Action::Allow);
            assert_eq!(writer.into_inner().taken, PLAIN);
        }
    }

    #[test]
    fn nothing_that_is_refused_is_written() {
        for cut in cuts(HOSTILE) {
            let mut writer = Writer::new(scanner().stream(Channel::Any), Vec::new());
            let result = cut.iter().try_for_each(|piece| writer.write_all(piece));
            let error = result.and_then(|()| writer.finish().map(|_| ())).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            assert_eq!(writer.write(b"more").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
            assert_eq!(writer.flush().unwrap_err().kind(), io::ErrorKind::PermissionDenied);
            assert_eq!(writer.finish().unwrap_err().kind(), io::ErrorKind::PermissionDenied);
            assert_eq!(writer.verdict().map(Verdict::action), Some(Action::Block));
            assert!(!writer.into_inner().windows(6).any(|w| w == b"ignore"));
        }
    }

    #[test]
    fn flush_waits_for_the_judgement_and_a_boundary_does_not() {
        let mut writer = Writer::new(scanner().stream(Channel::Any), Vec::new());
        writer.write_all(b"please ignore previous").unwrap();
        writer.flush().unwrap();
        assert!(b"please ".starts_with(&writer.inner[..]));
        writer.boundary().unwrap();
        assert_eq!(writer.inner, b"please ignore previous");
    }
}
