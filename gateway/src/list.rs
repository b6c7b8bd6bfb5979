//! Answers that list what a backend offers: taken apart, and put together again.

use std::ops::Range;

use bytes::Bytes;

use crate::json::{JsonError, Reader, Token, quote, splice, unescape};
use crate::message::{MAX_DEPTH, Message};

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    Tools,
    Prompts,
    Resources,
    Templates,
}

impl ListKind {
    /// What a method lists, if it does.
    pub(crate) fn of(method: &str) -> Option<ListKind> {
        match method {
            "tools/list" => Some(ListKind::Tools),
            "prompts/list" => Some(ListKind::Prompts),
            "resources/list" => Some(ListKind::Resources),
            "resources/templates/list" => Some(ListKind::Templates),
            _ => None,
        }
    }

    /// The key of the list in the result.
    pub(crate) fn key(self) -> &'static str {
        match self {
            ListKind::Tools => "tools",
            ListKind::Prompts => "prompts",
            ListKind::Resources => "resources",
            ListKind::Templates => "resourceTemplates",
        }
    }
}

/// A list in an answer: where its parts stand.
#[derive(Debug)]
pub(crate) struct List {
    /// The list with its brackets.
    pub(crate) array: Range<usize>,
    pub(crate) items: Vec<Item>,
    /// The value of `cacheScope`, with its quotes.
    pub(crate) cache_scope: Option<Range<usize>>,
    pub(crate) next_cursor: Option<Range<usize>>,
}

/// One entry.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) span: Range<usize>,
    /// Its name, and where that stands with its quotes.
    pub(crate) name: Option<(Range<usize>, String)>,
    pub(crate) uri: Option<String>,
}

impl List {
    /// The list in an answer; `None` if it holds none.
    ///
    /// # Errors
    /// If the answer is no JSON.
    pub(crate) fn of(kind: ListKind, answer: &Message) -> Result<Option<List>, JsonError> {
        let Some(result) = &answer.result else { return Ok(None) };
        let text = answer.part(result);
        let shift = |span: Range<usize>| span.start + result.start..span.end + result.start;
        let mut reader = Reader::new(text, MAX_DEPTH)?;
        let (mut list, mut cache_scope, mut next_cursor) = (None, None, None);
        if reader.next()? != Some(Token::ObjectStart) {
            return Ok(None);
        }
        while let Some(Token::Key(key)) = reader.next()? {
            let key = unescape(&text[key]);
            let Some(first) = reader.next()? else { break };
            match (&*key, &first) {
                (key, Token::ArrayStart) if key == kind.key() => {
                    let start = reader.position() - 1;
                    let items = items(text, &mut reader, result.start)?;
                    list = Some((shift(start..reader.position()), items));
                }
                ("cacheScope", Token::String(span)) => {
                    cache_scope = Some(shift(span.start - 1..span.end + 1))
                }
                ("nextCursor", Token::String(span)) => {
                    next_cursor = Some(shift(span.start - 1..span.end + 1))
                }
                _ => reader.skip(&first)?,
            }
        }
        Ok(list.map(|(array, items)| List { array, items, cache_scope, next_cursor }))
    }

    /// The answer without any entries.
    pub(crate) fn emptied(&self, answer: &Message) -> Bytes {
        splice(&answer.bytes, &[(self.array.clone(), b"[]")])
    }

    /// The answer with these entries, and with another `cacheScope` if it has one and that is given.
    pub(crate) fn with(&self, answer: &Message, entries: &[Bytes], cache_scope: Option<&str>) -> Bytes {
        let array = array(entries);
        let scope = cache_scope.map(quote);
        let mut edits = vec![(self.array.clone(), array.as_slice())];
        if let (Some(span), Some(scope)) = (&self.cache_scope, &scope) {
            edits.push((span.clone(), scope.as_bytes()));
        }
        edits.sort_by_key(|(span, _)| span.start);
        splice(&answer.bytes, &edits)
    }
}

/// Entries as a list.
pub(crate) fn array(entries: &[Bytes]) -> Vec<u8> {
    [&b"["[..], &entries.join(&b','), b"]"].concat()
}

impl Item {
    /// The entry under another name.
    pub(crate) fn named(&self, answer: &Message, name: &str) -> Bytes {
        match &self.name {
            Some((span, old)) if old != name => {
                let inside = span.start - self.span.start..span.end - self.span.start;
                splice(answer.part(&self.span), &[(inside, quote(name).as_bytes())])
            }
            _ => answer.bytes.slice(self.span.clone()),
        }
    }
}

/// The entries of the list that has just begun.
fn items(text: &[u8], reader: &mut Reader<'_>, shift: usize) -> Result<Vec<Item>, JsonError> {
    let mut items = Vec::new();
    loop {
        let Some(first) = reader.next()? else { return Ok(items) };
        let start = match &first {
            Token::ArrayEnd => return Ok(items),
            Token::String(span) => span.start - 1,
            Token::Scalar(span) => span.start,
            _ => reader.position() - 1,
        };
        let (mut name, mut uri) = (None, None);
        if first == Token::ObjectStart {
            while let Some(Token::Key(key)) = reader.next()? {
                let key = unescape(&text[key]);
                let Some(value) = reader.next()? else { break };
                match (&*key, &value) {
                    ("name", Token::String(span)) => {
                        let quoted = span.start - 1 + shift..span.end + 1 + shift;
                        name = Some((quoted, unescape(&text[span.clone()]).into_owned()));
                    }
                    ("uri" | "uriTemplate", Token::String(span)) => {
                        uri = Some(unescape(&text[span.clone()]).into_owned())
                    }
                    _ => reader.skip(&value)?,
                }
            }
        } else {
            reader.skip(&first)?;
        }
        items.push(Item { span: start + shift..reader.position() + shift, name, uri });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"result": {"cacheScope":"public", "tools" : [ {"name":"a\u0062","x":[1]}, {"inputSchema":{"name":"no"},"name":"c"} ],"nextCursor":"n"},"id":1}"#;

    #[test]
    fn entries_are_found_and_kept_as_they_are() {
        let answer = Message::parse(Bytes::from_static(ANSWER.as_bytes())).unwrap();
        let list = List::of(ListKind::Tools, &answer).unwrap().unwrap();
        let names: Vec<_> = list.items.iter().map(|item| item.name.as_ref().unwrap().1.as_str()).collect();
        assert_eq!(names, ["ab", "c"]);
        assert_eq!(answer.part(list.next_cursor.as_ref().unwrap()), br#""n""#);
        assert_eq!(list.items[0].named(&answer, "ab"), r#"{"name":"a\u0062","x":[1]}"#);
        let renamed = list.items[1].named(&answer, "files_c");
        assert_eq!(renamed, r#"{"inputSchema":{"name":"no"},"name":"files_c"}"#);
        assert_eq!(
            list.with(&answer, &[renamed], Some("private")),
            r#"{"result": {"cacheScope":"private", "tools" : [{"inputSchema":{"name":"no"},"name":"files_c"}],"nextCursor":"n"},"id":1}"#
        );
        assert!(String::from_utf8(list.emptied(&answer).to_vec()).unwrap().contains(r#""tools" : []"#));
        assert!(List::of(ListKind::Prompts, &answer).unwrap().is_none());
    }
}
