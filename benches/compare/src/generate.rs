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

    /// So many different patterns, in Go's syntax without anything that PCRE reads otherwise.
    pub fn patterns(&mut self, count: usize) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        while all.len() < count {
            let pattern = self.pattern();
            if !all.contains(&pattern) {
                all.push(pattern);
            }
        }
        all
    }

    fn pattern(&mut self) -> String {
        let verbs = self.choice(VERBS, 3);
        let objects = self.choice(OBJECTS, 3);
        let kinds = self.choice(KINDS, 3);
        let commands = self.choice(COMMANDS, 2);
        let name = self.one(NAMES);
        let ending = self.choice(ENDINGS, 3);
        match self.below(12) {
            0 => format!(r"(?i)({verbs})\s+({kinds})\s+({objects})s?\b"),
            1 => format!(r"(?i)\b({verbs})\b.*\b({kinds})\b.*\b({objects})\b.*\b{}\b", self.one(VERBS)),
            2 => {
                format!(r"(?i)({verbs})\s+(it|them|this|that)?\s*(to|into|from)\s+({kinds})\s+\w*({objects})")
            }
            3 => format!(r"(?i)\b({commands})\s+[^|\n]*\|\s*(sudo\s+)?({})\b", self.choice(COMMANDS, 2)),
            4 => format!(r"(?i)\b({verbs})\b[^.\n]*\.({ending})\b[^.\n]*\b(https?://|ftp://)"),
            5 => format!(r#"(?i){name}[_-]?({objects})\s*[:=]\s*["'][^"'\s]+["']"#),
            6 => format!(r"(?i)\b(you|we|they)\s+(must|should|may|can)\s+(now|always|never)\s+({verbs})\b"),
            7 => format!(
                r"\b({})_({})\s*=\s*\S+",
                self.one(NAMES).to_uppercase(),
                self.choice(OBJECTS, 3).to_uppercase()
            ),
            8 => format!(
                r"(?i)(do\s+not|don't|never)\s+({verbs})\s+.*({objects})s?\s+.*({})",
                self.choice(KINDS, 2)
            ),
            9 => format!(r"(?i)\b({commands})\b\s+(-\w+\s+)*\S*\.({ending})\b.*(/etc/|~/\.|/root/)"),
            10 => format!(r"(?i)<\s*({objects})\s*>[^<]*({verbs})[^<]*<\s*/"),
            _ => format!(r"(?i)(from\s+now\s+on|as\s+of\s+now|instead)[,:]?\s+.*({verbs})\s+({kinds})"),
        }
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
