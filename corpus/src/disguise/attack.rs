//! The attacks that are disguised, each with harmless text of the same shape.

use crate::Rng;

/// What must survive a disguise for the attack to still work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttackKind {
    /// A model understands it, in whatever letters.
    Words,
    /// A shell runs it: every character counts.
    Command,
    /// A program opens it.
    Address,
    /// Somebody logs in with it.
    Token,
}

/// An attack and its harmless twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attack {
    /// What it is.
    pub kind: AttackKind,
    /// The attack as it is meant.
    pub text: String,
    /// Harmless text of about the same length and form.
    pub twin: String,
}

const STOCK: &str = include_str!("../../stock/attacks.txt");

impl Attack {
    /// All attacks of the stock; the seed makes up the credentials in them.
    pub fn all(seed: u64) -> Vec<Attack> {
        let mut rng = Rng::new(seed);
        let lines = STOCK.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| Attack::read(line, &mut rng)).collect()
    }

    fn read(line: &str, rng: &mut Rng) -> Attack {
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, text, twin] = fields[..] else {
            panic!("a line of the attacks has three fields: {line:?}")
        };
        let kind = match kind {
            "words" => AttackKind::Words,
            "command" => AttackKind::Command,
            "address" => AttackKind::Address,
            "token" => AttackKind::Token,
            _ => panic!("{kind:?} is no kind of attack"),
        };
        Attack { kind, text: with_tokens(text, rng), twin: twin.to_owned() }
    }
}

/// The text with made-up credentials.
fn with_tokens(text: &str, rng: &mut Rng) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut out = text.to_owned();
    for (slot, prefix, alphabet, length) in [
        ("«token:github»", "ghp_", LETTERS, 36),
        ("«token:aws»", "AKIA", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".as_slice(), 16),
        ("«token:pem»", "-----BEGIN RSA PRIVATE KEY-----\nMII", LETTERS, 61),
    ] {
        while out.contains(slot) {
            let token = format!("{prefix}{}", rng.characters(alphabet, length));
            out = out.replacen(slot, &token, 1);
        }
    }
    out
}
