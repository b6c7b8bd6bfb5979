//! A document with other bytes in some places.

use std::ops::Range;

use bytes::Bytes;

/// The document with each span replaced; the spans are sorted and do not overlap.
pub(crate) fn splice(document: &[u8], edits: &[(Range<usize>, &[u8])]) -> Bytes {
    let added: usize = edits.iter().map(|(_, new)| new.len()).sum();
    let mut out = Vec::with_capacity(document.len() + added);
    let mut at = 0;
    for (span, new) in edits {
        out.extend_from_slice(&document[at..span.start]);
        out.extend_from_slice(new);
        at = span.end;
    }
    out.extend_from_slice(&document[at..]);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_replaced() {
        let out = splice(b"{\"id\":1,\"name\":\"a_b\"}", &[(6..7, b"\"x\""), (15..20, b"\"b\"")]);
        assert_eq!(out, "{\"id\":\"x\",\"name\":\"b\"}");
        assert_eq!(splice(b"same", &[]), "same");
    }
}
