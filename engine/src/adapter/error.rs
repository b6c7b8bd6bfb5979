//! Why an adapter passes nothing on.

use std::{fmt, io};

use crate::error::ScanError;
use crate::severity::Action;

/// Why bytes are not passed on.
///
/// As an [`io::Error`] its kind is [`PermissionDenied`](io::ErrorKind::PermissionDenied) if the text was refused, and
/// [`InvalidData`](io::ErrorKind::InvalidData) if it could not be judged; it is found again with [`io::Error::get_ref`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayError {
    kind: RelayErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum RelayErrorKind {
    Refused(Action),
    Scan(ScanError),
    EventTooLong { most: usize },
    Ended,
}

impl RelayError {
    pub(super) fn refused(action: Action) -> RelayError {
        RelayError { kind: RelayErrorKind::Refused(action) }
    }

    pub(super) fn event_too_long(most: usize) -> RelayError {
        RelayError { kind: RelayErrorKind::EventTooLong { most } }
    }

    pub(super) fn ended() -> RelayError {
        RelayError { kind: RelayErrorKind::Ended }
    }

    /// What the findings ask for, if the text was refused for them; `None` if it could not be judged.
    pub fn refused_for(&self) -> Option<Action> {
        match self.kind {
            RelayErrorKind::Refused(action) => Some(action),
            _ => None,
        }
    }
}

impl From<ScanError> for RelayError {
    fn from(error: ScanError) -> RelayError {
        RelayError { kind: RelayErrorKind::Scan(error) }
    }
}

impl From<RelayError> for io::Error {
    fn from(error: RelayError) -> io::Error {
        let kind = match error.kind {
            RelayErrorKind::Refused(_) => io::ErrorKind::PermissionDenied,
            RelayErrorKind::Scan(_) | RelayErrorKind::EventTooLong { .. } => io::ErrorKind::InvalidData,
            RelayErrorKind::Ended => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}

impl fmt::Display for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            RelayErrorKind::Refused(action) => {
                write!(f, "the text is refused, what was found asks for `{action}`: pass nothing more on")
            }
            RelayErrorKind::Scan(error) => error.fmt(f),
            RelayErrorKind::EventTooLong { most } => write!(
                f,
                "an event is longer than {most} bytes and was not judged: treat it as blocked, or allow for longer \
                 ones with `Events::max_event`"
            ),
            RelayErrorKind::Ended => {
                write!(f, "the text was finished before: open a stream for the next one")
            }
        }
    }
}

impl std::error::Error for RelayError {}
