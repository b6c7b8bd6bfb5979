//! What callers pass in, checked, and where they want answers put.

use std::slice;

use hypersieve::{Action, Channel, RuleAction, Severity};

use crate::failure::{Failure, Outcome};

/// Elements behind a pointer; null is fine for none.
///
/// # Safety
/// Where pointer and length pass the checks here, that many elements can be read there for as long as `'a`.
pub(crate) unsafe fn slice<'a, T>(data: *const T, len: usize, what: &str) -> Outcome<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Failure::argument(format!("{what}: a NULL pointer with a length of {len}")));
    }
    if !data.is_aligned() {
        return Err(Failure::argument(format!("{what}: the pointer is misaligned")));
    }
    let bytes = len.checked_mul(size_of::<T>()).filter(|bytes| isize::try_from(*bytes).is_ok());
    if bytes.is_none_or(|bytes| data.addr().checked_add(bytes).is_none()) {
        return Err(Failure::argument(format!("{what}: no memory is {len} long; is it a negative number?")));
    }
    // SAFETY: not null, aligned, of a length that memory can have; the caller says it can be read.
    Ok(unsafe { slice::from_raw_parts(data, len) })
}

/// Where an answer is to be put.
pub(crate) struct Out<T> {
    place: *mut T,
}

impl<T> Out<T> {
    /// Refuses pointers that can't be written through; `None` for null.
    ///
    /// # Safety
    /// If the pointer passes the checks here, it can be written through for as long as the result lives.
    pub(crate) unsafe fn new(place: *mut T, what: &str) -> Outcome<Option<Out<T>>> {
        if place.is_null() {
            return Ok(None);
        }
        if !place.is_aligned() {
            return Err(Failure::argument(format!("{what}: the pointer is misaligned")));
        }
        Ok(Some(Out { place }))
    }

    pub(crate) fn set(&self, value: T) {
        // SAFETY: not null and aligned; that it can be written was promised to `new`.
        unsafe { self.place.write(value) };
    }
}

/// The channel of a number.
pub(crate) fn channel(number: u32) -> Outcome<Channel> {
    Ok(match number {
        0 => Channel::Any,
        1 => Channel::ToolArgs,
        2 => Channel::ToolResult,
        3 => Channel::ToolDescription,
        4 => Channel::Message,
        _ => return Err(unknown("channel", number)),
    })
}

/// The severity of a number.
pub(crate) fn severity(number: u32) -> Outcome<Severity> {
    Ok(match number {
        1 => Severity::Low,
        2 => Severity::Medium,
        3 => Severity::High,
        4 => Severity::Critical,
        _ => return Err(unknown("severity", number)),
    })
}

/// What the findings of a rule are to do: an action's number.
pub(crate) fn rule_action(number: u32) -> Outcome<RuleAction> {
    let actions = [
        (Action::Allow, RuleAction::Ignore),
        (Action::Flag, RuleAction::AllowAndFlag),
        (Action::Quarantine, RuleAction::Quarantine),
        (Action::Block, RuleAction::Block),
    ];
    let found = actions.into_iter().find(|(action, _)| crate::verdict::action(*action) as u32 == number);
    found.map(|(_, action)| action).ok_or_else(|| unknown("action", number))
}

fn unknown(what: &str, number: u32) -> Failure {
    Failure::argument(format!("{number} is no {what}: use one of hypersieve_{what}"))
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    #[test]
    fn lengths_that_no_memory_has_are_refused() {
        let byte = 0u8;
        let tried = |data: *const u8, len| {
            // SAFETY: no length here but 0 and 1 gets through.
            unsafe { slice(data, len, "text") }.map(<[u8]>::len).is_ok()
        };
        assert!(tried(ptr::null(), 0));
        assert!(tried(&byte, 1));
        assert!(!tried(ptr::null(), 1));
        assert!(!tried(&byte, usize::MAX));
        assert!(!tried(&byte, isize::MAX as usize + 1));
        assert!(!tried(ptr::without_provenance(usize::MAX - 3), 10));
        let words = [0u64; 2];
        let tried = |data: *const u64, len| {
            // SAFETY: none of these gets through.
            unsafe { slice(data, len, "items") }.is_ok()
        };
        assert!(!tried(words.as_ptr(), usize::MAX / 8));
        assert!(!tried(words.as_ptr(), usize::MAX));
        assert!(!tried(words.as_ptr().wrapping_byte_add(1), 1));
    }
}
