//! A set of rules of the shape that rules written for backtracking or automaton engines have: gaps without a bound, words
//! that every text is full of, alternations that ignore letter case.
//!
//! The words are grouped by what rules of this kind are about; which of them meet is drawn. Nothing is taken from
//! anybody's rules.

/// What is done, in ordinary words.
const VERBS: &[&str] = &[
    "send",
    "read",
    "write",
    "open",
    "copy",
    "fetch",
    "post",
    "upload",
    "download",
    "run",
    "execute",
    "delete",
    "remove",
    "install",
    "export",
    "print",
    "show",
    "list",
    "change",
    "update",
    "create",
    "call",
    "load",
    "save",
    "forward",
    "include",
    "return",
    "use",
    "get",
    "set",
    "add",
    "check",
    "find",
    "move",
    "replace",
    "start",
    "stop",
    "ignore",
    "skip",
    "bypass",
    "disable",
    "override",
    "reveal",
    "forget",
    "disregard",
    "pretend",
    "hide",
    "encode",
    "decode",
    "append",
];
/// What it is done to.
const OBJECTS: &[&str] = &[
    "file",
    "files",
    "password",
    "token",
    "key",
    "secret",
    "credential",
    "user",
    "system",
    "prompt",
    "message",
    "memory",
    "history",
    "context",
    "data",
    "database",
    "server",
    "command",
    "script",
    "code",
    "instruction",
    "rule",
    "policy",
    "limit",
    "filter",
    "tool",
    "agent",
    "session",
    "cookie",
    "email",
    "address",
    "account",
    "number",
    "log",
    "config",
    "setting",
    "variable",
    "directory",
    "folder",
    "path",
    "link",
    "request",
    "response",
    "content",
    "output",
    "input",
    "test",
    "check",
];
/// What it is like.
const KINDS: &[&str] = &[
    "all",
    "any",
    "every",
    "the",
    "this",
    "that",
    "your",
    "my",
    "previous",
    "prior",
    "above",
    "earlier",
    "hidden",
    "private",
    "internal",
    "secret",
    "new",
    "other",
    "following",
    "current",
    "entire",
    "full",
    "original",
    "last",
    "next",
];
/// Programs.
const COMMANDS: &[&str] = &[
    "curl",
    "wget",
    "bash",
    "python",
    "node",
    "ssh",
    "nc",
    "cat",
    "rm",
    "chmod",
    "sudo",
    "git",
    "npm",
    "pip",
    "docker",
    "kubectl",
    "powershell",
    "eval",
    "exec",
    "base64",
    "openssl",
    "tar",
    "scp",
    "dig",
];
/// Ends of file names.
const ENDINGS: &[&str] = &[
    "env", "pem", "key", "json", "yaml", "yml", "toml", "conf", "sh", "py", "js", "sql", "txt", "md", "log",
    "zip",
];
/// What stands before a value.
const NAMES: &[&str] = &[
    "api", "access", "auth", "client", "service", "session", "master", "admin", "root", "db", "aws", "app",
    "private", "user", "signing", "refresh",
];

/// A pattern in Go's syntax, without anything that PCRE reads otherwise, and a text that it matches.
#[derive(Clone, Debug)]
pub struct Generated {
    pub pattern: String,
    pub sample: String,
}

/// How a set of patterns is drawn.
#[derive(Debug)]
pub struct Generator {
    state: u64,
}

impl Generator {
    /// The same seed draws the same patterns.
    pub fn new(seed: u64) -> Generator {
        Generator { state: seed }
    }

    /// So many different patterns.
    pub fn patterns(&mut self, count: usize) -> Vec<Generated> {
        let mut all: Vec<Generated> = Vec::new();
        while all.len() < count {
            let generated = self.pattern();
            if all.iter().all(|known| known.pattern != generated.pattern) {
                all.push(generated);
            }
        }
        all
    }

    fn pattern(&mut self) -> Generated {
        let verbs = self.choice(VERBS, 3);
        let objects = self.choice(OBJECTS, 3);
        let kinds = self.choice(KINDS, 3);
        let commands = self.choice(COMMANDS, 2);
        let name = self.one(NAMES);
        let ending = self.choice(ENDINGS, 3);
        let other = self.one(VERBS);
        let shells = self.choice(COMMANDS, 2);
        let more = self.choice(KINDS, 2);
        let [verb, object, kind, command, end, shell, last] =
            [&verbs, &objects, &kinds, &commands, &ending, &shells, &more].map(|words| first(words));
        let (pattern, sample) = match self.below(12) {
            0 => (
                format!(r"(?i)({verbs})\s+({kinds})\s+({objects})s?\b"),
                format!("{verb} {kind}\n {object}s"),
            ),
            1 => (
                format!(r"(?i)\b({verbs})\b.*\b({kinds})\b.*\b({objects})\b.*\b{other}\b"),
                format!("{verb} of {kind} in the {object} and {other}"),
            ),
            2 => (
                format!(
                    r"(?i)({verbs})\s+(it|them|this|that)?\s*(to|into|from)\s+({kinds})\s+\w*({objects})"
                ),
                format!("{verb} it to {kind} my{object}"),
            ),
            3 => (
                format!(r"(?i)\b({commands})\s+[^|\n]*\|\s*(sudo\s+)?({shells})\b"),
                format!("{command} -x y | sudo {shell}"),
            ),
            4 => (
                format!(r"(?i)\b({verbs})\b[^.\n]*\.({ending})\b[^.\n]*\b(https?://|ftp://)"),
                format!("{verb} the x.{end} to https://example"),
            ),
            5 => (
                format!(r#"(?i){name}[_-]?({objects})\s*[:=]\s*["'][^"'\s]+["']"#),
                format!("{name}_{object} = 'abc'"),
            ),
            6 => (
                format!(r"(?i)\b(you|we|they)\s+(must|should|may|can)\s+(now|always|never)\s+({verbs})\b"),
                format!("You must  always {verb}"),
            ),
            7 => {
                let (name, upper) = (name.to_uppercase(), objects.to_uppercase());
                (format!(r"\b({name})_({upper})\s*=\s*\S+"), format!("{name}_{}=x1", object.to_uppercase()))
            }
            8 => (
                format!(r"(?i)(do\s+not|don't|never)\s+({verbs})\s+.*({objects})s?\s+.*({more})"),
                format!("DO NOT {verb} a {object} of {last}"),
            ),
            9 => (
                format!(r"(?i)\b({commands})\b\s+(-\w+\s+)*\S*\.({ending})\b.*(/etc/|~/\.|/root/)"),
                format!("{command} -a -b x.{end} ~/.x"),
            ),
            10 => (
                format!(r"(?i)<\s*({objects})\s*>[^<]*({verbs})[^<]*<\s*/"),
                format!("<{object}>\n{verb} x</"),
            ),
            _ => (
                format!(r"(?i)(from\s+now\s+on|as\s+of\s+now|instead)[,:]?\s+.*({verbs})\s+({kinds})"),
                format!("From now on, do {verb} {kind}"),
            ),
        };
        Generated { pattern, sample }
    }

    /// The text with samples of some patterns put in at ends of lines.
    pub fn planted(&mut self, text: &[u8], patterns: &[Generated]) -> Vec<u8> {
        let mut planted = Vec::new();
        for line in text.split_inclusive(|&b| b == b'\n') {
            planted.extend_from_slice(line);
            if self.below(8) == 0 {
                planted.extend_from_slice(patterns[self.below(patterns.len())].sample.as_bytes());
                planted.push(b'\n');
            }
        }
        planted
    }

    /// An alternation of up to `most` different words.
    fn choice(&mut self, words: &[&str], most: usize) -> String {
        let count = 1 + self.below(most);
        let mut chosen: Vec<&str> = Vec::new();
        while chosen.len() < count {
            let word = words[self.below(words.len())];
            if !chosen.contains(&word) {
                chosen.push(word);
            }
        }
        chosen.join("|")
    }

    fn one(&mut self, words: &'static [&'static str]) -> &'static str {
        words[self.below(words.len())]
    }

    /// A number below `limit` (splitmix64).
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let drawn = (z ^ z >> 31) % u64::try_from(limit).expect("a length fits");
        usize::try_from(drawn).expect("it is below a length")
    }
}

/// The first of an alternation.
fn first(words: &str) -> &str {
    words.split('|').next().unwrap_or_default()
}
