//! Where in a JSON document a finding lies.

use simd_json::{Buffers, Node, Tape};

use crate::finding::Finding;

/// Gives the findings of a text that is one JSON document the JSON pointer of the string they lie in.
///
/// Done once the findings are known, so that a text without any costs nothing; a text that is no JSON document is left
/// as it is.
pub(crate) fn annotate(text: &[u8], findings: &mut [Finding]) {
    if findings.is_empty() || !looks_like_a_document(text) {
        return;
    }
    let mut copy = text.to_vec();
    let base = copy.as_ptr() as usize;
    let mut buffers = Buffers::new(copy.len());
    let Ok(tape) = simd_json::to_tape_with_buffers(&mut copy, &mut buffers) else { return };
    let strings = strings(&tape, base, text);
    for finding in findings {
        let Ok(start) = usize::try_from(finding.start) else { continue };
        let Ok(end) = usize::try_from(finding.end) else { continue };
        let i = strings.partition_point(|s| s.start <= start);
        if let Some(string) = i.checked_sub(1).map(|i| &strings[i]).filter(|s| end <= s.end) {
            finding.pointer = Some(string.pointer.clone());
        }
    }
}

fn looks_like_a_document(text: &[u8]) -> bool {
    let mut ends = text.iter().filter(|b| !b.is_ascii_whitespace());
    let first = ends.next();
    let last = ends.next_back();
    matches!((first, last), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

/// A string of the document: where its content stands between the quotes, and its pointer.
struct Place {
    start: usize,
    end: usize,
    pointer: String,
}

/// All strings of the document in the order of the text; a key has the pointer of its value.
fn strings(tape: &Tape<'_>, base: usize, text: &[u8]) -> Vec<Place> {
    let mut places = Vec::new();
    let mut walk = Walk { nodes: &tape.0, next: 0, base, text, places: &mut places };
    walk.value(&mut String::new());
    places.sort_by_key(|p| p.start);
    places
}

struct Walk<'a, 'b> {
    nodes: &'a [Node<'a>],
    next: usize,
    base: usize,
    text: &'a [u8],
    places: &'b mut Vec<Place>,
}

impl Walk<'_, '_> {
    fn take(&mut self) -> Option<Node<'_>> {
        let node = self.nodes.get(self.next).copied();
        self.next += 1;
        node
    }

    /// Walks over one value. The parser has bounded the nesting.
    fn value(&mut self, pointer: &mut String) {
        match self.take() {
            Some(Node::String(content)) => {
                let address = content.as_ptr() as usize;
                self.place(address, pointer);
            }
            Some(Node::Object { len, .. }) => {
                for _ in 0..len {
                    let Some(Node::String(key)) = self.take() else { return };
                    let (key, address) = (key.to_string(), key.as_ptr() as usize);
                    let length = pointer.len();
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                    self.place(address, pointer);
                    self.value(pointer);
                    pointer.truncate(length);
                }
            }
            Some(Node::Array { len, .. }) => {
                for i in 0..len {
                    let length = pointer.len();
                    pointer.push('/');
                    pointer.push_str(&i.to_string());
                    self.value(pointer);
                    pointer.truncate(length);
                }
            }
            _ => {}
        }
    }

    /// The parser unescapes strings where they stand, so the address of one says where it begins.
    fn place(&mut self, address: usize, pointer: &str) {
        let Some(start) = address.checked_sub(self.base).filter(|s| *s <= self.text.len()) else { return };
        let mut end = start;
        while let Some(&b) = self.text.get(end) {
            match b {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let end = end.min(self.text.len());
        self.places.push(Place { start, end, pointer: pointer.to_string() });
    }
}
