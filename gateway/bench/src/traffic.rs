//! What is sent and answered: ordinary text, another piece of it in each call.

/// Ordinary prose, in calls and in small answers.
const PROSE: &str = include_str!("../../../corpus/benign/prose/generated.md");

/// Prose, code, JSON and mail, in the large answer.
const MIXED: [&str; 4] = [
    PROSE,
    include_str!("../../../corpus/benign/source/generated.txt"),
    include_str!("../../../corpus/benign/json/generated.txt"),
    include_str!("../../../corpus/benign/mail/generated.mbox"),
];

/// Calls whose ids differ by so many carry the same text.
const PIECES: u64 = 16;

/// Bytes of text in a call and in a small answer.
pub(crate) const SMALL: usize = 2 << 10;

/// Bytes of text in a large answer.
pub(crate) const LARGE: usize = 100 << 10;

/// A tool of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Answers with [`SMALL`] bytes of text.
    Read,
    /// Answers with [`LARGE`] bytes of text.
    ReadAll,
}

impl Tool {
    pub(crate) const ALL: [Tool; 2] = [Tool::Read, Tool::ReadAll];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Tool::Read => "read_page",
            Tool::ReadAll => "read_book",
        }
    }
}

/// All messages that a measurement needs, made beforehand: ids are put in between.
#[derive(Debug)]
pub(crate) struct Traffic {
    questions: Vec<String>,
    pages: Vec<String>,
    books: Vec<String>,
}

impl Traffic {
    pub(crate) fn new() -> Traffic {
        let quoted = |text: &str, at: usize, length: usize| {
            serde_json::Value::from(piece(text, at, length)).to_string()
        };
        let places = (0..PIECES).map(|n| nth(n) * 2999);
        let mixed: String = MIXED.iter().flat_map(|text| [piece(text, 0, 32 << 10), "\n"]).collect();
        Traffic {
            questions: places.clone().map(|at| quoted(PROSE, at + 1000, SMALL)).collect(),
            pages: places.clone().map(|at| quoted(PROSE, at, SMALL)).collect(),
            books: places.map(|at| quoted(&mixed, at / 2, LARGE)).collect(),
        }
    }

    /// A call of a tool with [`SMALL`] bytes of text.
    pub(crate) fn call(&self, id: u64, tool: Tool) -> String {
        let question = &self.questions[nth(id)];
        let name = tool.name();
        format!(
            r#"{{"method":"tools/call","params":{{"name":"{name}","arguments":{{"question":{question}}}}},"jsonrpc":"2.0","id":{id}}}"#
        )
    }

    /// The answer to it.
    pub(crate) fn answer(&self, id: u64, tool: Tool) -> String {
        let text = match tool {
            Tool::Read => &self.pages[nth(id)],
            Tool::ReadAll => &self.books[nth(id)],
        };
        format!(r#"{{"result":{{"content":[{{"type":"text","text":{text}}}]}},"jsonrpc":"2.0","id":{id}}}"#)
    }
}

fn nth(id: u64) -> usize {
    usize::try_from(id % PIECES).expect("a remainder is small")
}

/// So many bytes of a text, or some less: characters stay whole.
fn piece(text: &str, at: usize, length: usize) -> &str {
    let whole = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = whole(at);
    &text[start..whole(start + length)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_as_long_as_the_report_says() {
        let traffic = Traffic::new();
        for id in 0..PIECES {
            let text = |message: String, at: &str| {
                let value: serde_json::Value = serde_json::from_str(&message).unwrap();
                value.pointer(at).unwrap().as_str().unwrap().len()
            };
            let near =
                |length: usize, whole: usize| assert!((whole - 3..=whole).contains(&length), "{length}");
            near(text(traffic.call(id, Tool::Read), "/params/arguments/question"), SMALL);
            near(text(traffic.answer(id, Tool::Read), "/result/content/0/text"), SMALL);
            near(text(traffic.answer(id, Tool::ReadAll), "/result/content/0/text"), LARGE);
        }
    }
}
