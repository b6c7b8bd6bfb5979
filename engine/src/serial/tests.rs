//! A database of each kind of rule, written, damaged in every way that is one byte long, and loaded again.

use crate::serial::frame::seal;
use crate::*;

/// One rule for each kind of expression and each way in which an anchor is found.
fn rules() -> Vec<Rule> {
    let rule = |id: &str, pattern: Pattern| Rule::new(id, "test", Severity::High).pattern(pattern);
    let sequence = Sequence {
        words: vec![vec!["ignore".to_string(), "forget*".to_string()], vec!["previous".to_string()]],
        gap: 20,
        stop: b".\n".to_vec(),
    };
    let mut digits = Pattern::new(Expr::Run { class: RunClass::Digits, min: 12, max: 19 });
    digits.validate = vec![Validator::new(Check::Luhn).after(b":")];
    let mut key = Pattern::regex(r"\bkey_[0-9a-f]{8}\b").on(On::Exact);
    key.unless = vec!["key_0{8}".to_string()];
    key.validate = vec![Validator::new(Check::Entropy(1.5)), Validator::new(Check::Distinct(3))];
    let mut both = rule("BOTH", Pattern::literal("open the door")).pattern(Pattern::literal("walk away"));
    both.matching = Matching::All { within: 80 };
    both.channels = vec![(Channel::Message, Severity::Low)];
    both.references = vec!["https://example.invalid".to_string()];
    both.aliases = vec!["TWO".to_string()];
    let mut secret = rule("KEY", key);
    secret.sensitive = true;
    vec![
        rule("SEQUENCE", Pattern::new(Expr::Sequence(sequence))),
        rule("DIGITS", digits),
        secret,
        both,
        rule("GAP", Pattern::regex(r"begin.{0,60}some more words")),
        rule("FOREIGN", Pattern::regex("игнорируй|前の指示を")),
    ]
}

const TEXT: &[u8] =
    "ignore all previous 4111 1111 1111 1111 key_0123abcd, open the door and walk away; begin here \
    and have some more words: игнорируй key_00000000"
        .as_bytes();

fn database(config: Config) -> Database {
    Database::builder().rules(rules()).config(config).build().unwrap()
}

fn configs() -> impl Iterator<Item = Config> {
    let levels = SimdLevel::ALL.into_iter().filter(|l| l.is_available());
    levels.map(|l| Config::new().simd(l)).chain(FilterKind::ALL.map(|kind| Config::new().filter(kind)))
}

fn findings(database: &Database) -> Result<Vec<(String, u64, u64)>, ScanError> {
    let scanner = Scanner::new(database, Policy::new()).unwrap();
    let verdict = scanner.scan(TEXT, Channel::Any)?;
    Ok(verdict.findings().iter().map(|f| (f.rule().id.clone(), f.start(), f.end())).collect())
}

/// Whatever was loaded can be used.
fn use_it(database: &Database) {
    let _ = findings(database);
    let _ = database.plans();
    let _ = Database::from_bytes(&database.to_bytes(), Config::new());
}

#[test]
fn what_is_loaded_is_what_was_written() {
    let built = database(Config::new());
    let bytes = built.to_bytes();
    let expected = findings(&built).unwrap();
    assert_eq!(expected.len(), rules().len(), "every rule fires: {expected:?}");
    for config in configs() {
        assert_eq!(database(config).to_bytes(), bytes, "{config:?}");
        let loaded = Database::from_bytes(&bytes, config).unwrap();
        assert_eq!(loaded.rules(), built.rules());
        assert_eq!(loaded.config(), config);
        assert_eq!(loaded.digest(), built.digest());
        assert_eq!(loaded.max_holdback(), built.max_holdback());
        // In words, because the rate of a run is not a number and so equals nothing.
        assert_eq!(format!("{:?}", loaded.plans()), format!("{:?}", built.plans()));
        assert_eq!(findings(&loaded).unwrap(), expected, "{config:?}");
        assert_eq!(loaded.to_bytes(), bytes, "{config:?}");
    }
}

#[test]
fn the_digest_is_of_the_rules_alone() {
    let digest = database(Config::new()).digest();
    assert_eq!(database(Config::new().filter(FilterKind::AhoCorasick)).digest(), digest);
    let mut other = rules();
    other[1].remediation = "call somebody".to_string();
    assert_ne!(Database::builder().rules(other).build().unwrap().digest(), digest);
}

#[test]
fn whatever_is_cut_off_or_added_is_noticed() {
    let bytes = database(Config::new()).to_bytes();
    for length in 0..bytes.len() {
        Database::from_bytes(&bytes[..length], Config::new()).expect_err("the end is missing");
    }
    let longer = [bytes.as_slice(), b"\0"].concat();
    Database::from_bytes(&longer, Config::new()).expect_err("a byte too much");
}

#[test]
fn every_damaged_byte_is_noticed() {
    let bytes = database(Config::new()).to_bytes();
    for at in 0..bytes.len() {
        for change in [1, 0x10, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= change;
            Database::from_bytes(&bytes, Config::new()).expect_err("a byte is another one");
        }
    }
}

/// With a checksum that is right again: refused, or harmless. Every third byte, since a scan with each takes its time;
/// `tests/laws.rs` changes others.
#[test]
fn no_damaged_byte_makes_a_panic() {
    let bytes = database(Config::new()).to_bytes();
    let configs: Vec<Config> = configs().collect();
    for (round, at) in (0..bytes.len()).step_by(3).enumerate() {
        let mut bytes = bytes.clone();
        bytes[at] = [0, 1, 0x7f, 0xff][round % 4];
        seal(&mut bytes);
        if let Ok(database) = Database::from_bytes(&bytes, configs[round % configs.len()]) {
            use_it(&database);
        }
    }
}

#[test]
fn no_missing_end_makes_a_panic() {
    let bytes = database(Config::new()).to_bytes();
    for length in 0..bytes.len() {
        let mut bytes = bytes[..length].to_vec();
        seal(&mut bytes);
        Database::from_bytes(&bytes, Config::new()).expect_err("the end is missing");
    }
}

/// Bytes of a pattern that is none load, because to read it takes long; a scan that needs it fails.
#[test]
fn a_pattern_that_is_none_fails_the_scan() {
    let mut bytes = database(Config::new()).to_bytes();
    let at = bytes.windows(5).position(|w| w == b"begin").unwrap();
    bytes[at] = b'(';
    seal(&mut bytes);
    let loaded = Database::from_bytes(&bytes, Config::new()).unwrap();
    findings(&loaded).expect_err("the pattern begins with a bracket that nothing closes");
}

#[test]
fn errors_say_what_to_do() {
    let bytes = database(Config::new()).to_bytes();
    let message = |bytes: &[u8]| Database::from_bytes(bytes, Config::new()).unwrap_err().to_string();
    let changed = |at: usize, sealed: bool| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x40;
        if sealed {
            seal(&mut bytes);
        }
        bytes
    };
    for (bytes, expected) in [
        (changed(0, false), "these bytes are no database: give those that `Database::to_bytes` wrote"),
        (
            changed(8, false),
            "the database has format 68, and this version reads format 4: write it again from its rules",
        ),
        (
            bytes[..100].to_vec(),
            "the end of the database is missing: copy it again, or write it again from its rules",
        ),
        (
            changed(bytes.len() - 1, false),
            "the database is damaged: copy it again, or write it again from its rules",
        ),
    ] {
        assert_eq!(message(&bytes), expected);
    }
}
