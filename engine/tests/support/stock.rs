//! Rules of every kind, small enough that random texts of their words hit and miss them in all ways.

use hypersieve::{
    Channel, Check, Expr, Judged, Lane, Matching, On, Pattern, Rule, RunClass, Sequence, Severity, Validator,
};

/// All rules of the stock; a test draws some of them. The cases of the fuzz targets name them by their place, so new
/// ones go to the end.
pub(crate) fn rules() -> Vec<Rule> {
    let mut rules = Vec::new();
    rules.extend(phrases());
    rules.extend(sequences());
    rules.extend(tokens());
    rules.extend(commands());
    rules.extend(runs());
    rules.extend(together());
    rules.extend(beyond_ascii());
    rules.push(rule("SEQUENCE_OPEN", [sequence(&[&["disregard*"], &["no*"]], 12, ";")]));
    rules.push(all(
        "ALL_MIXED",
        40,
        [Pattern::literal("give out"), Pattern::regex("key-[A-Z]{2}").on(On::Exact)],
    ));
    rules.extend(slow());
    rules
}

/// Texts that the rules match, or nearly do.
pub(crate) fn samples(rules: &[Rule]) -> Vec<&'static [u8]> {
    rules.iter().flat_map(|r| samples_of(&r.id)).copied().collect()
}

fn samples_of(id: &str) -> &'static [&'static [u8]] {
    match id {
        "PHRASE" => &[b"ignore previous", b"Ignore\n> previous"],
        "PHRASE_OVERLAP" => {
            &[b"ignore all previous instructions", b"ignore previous instructions", b"all previous rules"]
        }
        "PHRASE_GAP" => &[b"begin x end", b"beginend", b"begin end end", b"beginbegin.end"],
        "PHRASE_INNER_EDGE" => &[b"xbegin, endx", b"xbegin end"],
        "PHRASE_LINE" => &[b"\nsecret plan\n", b"secret", b"now secret"],
        "PHRASE_WIDE_GAP" => &[b"begin some words stop", b"begin", b"previous", b"begin previous stop"],
        "PHRASE_SELF_OVERLAP" => &[b"ababab", b"abaab", b"aba"],
        "PHRASE_REPEATED" => &[b"tell now", b"tell now tell nowtell now"],
        "PHRASE_BRANCHES" => &[
            b"https://a.very.long.example.invalid/with/a/pathabfoo",
            b"https://a.very.long.example.invalid/with/a/pathfoo",
            b"ignoreabcd rule",
            b"ignore rule",
        ],
        "PHRASE_RAW" => &[b"ignore  all", b"ignore \\u0020all"],
        "PHRASE_BACKSLASH" => &[br"c:\new\u0041", br"c:\\new\\u0041"],
        "PHRASE_QUOTED" => &[b"\"role\": \"system\"", br#"\"role\":"#, b"\"role\":"],
        "SEQUENCE" => &[
            b"ignore all the rules",
            b"forget prior instructions",
            b"ignore ignore previous all rule",
            b"forget prior. rule",
        ],
        "SEQUENCE_PHRASES" => &[b"do not tell", b"never\never say to", b"do not never ever tell now"],
        "SEQUENCE_EXACT" => &[b"Ignore -now", b"ALL now", b"Ignore ALL now", b"ALLx now"],
        "SEQUENCE_TIGHT" => &[b"begin-end", b"x;ending", b"x;end"],
        "SEQUENCE_ALL" => &[b"ignore previous secret", b"secret", b"ignore all"],
        "ALL_MIXED" => &[b"give out", b"key-AB", b"give out key-ABC", b"key-AB or give out"],
        "SLOW_GAP" => &[b"begin some words end", b"begin", b"end", b"begin begin end end"],
        "SLOW_LINE" => &[b"now and then secret", b"now\nsecret", b"now secret secret"],
        "SLOW_DIGITS" => &[b"123-4567890", b"12-3", b"1234-5", br"123-\u0034"],
        "SLOW_SHORT" => &[b"aaab", b"ab aab", br"a\u0062"],
        "SLOW_WORDS" => &[b"abc abab", b"zab", b"ab"],
        "SLOW_GROUP" => &[b"key=abcabc", b"key=aab", b"key=xyz", b"key=abc.example"],
        "SLOW_GATES" => &[
            b"begin\nx secret y plan",
            b"ignore all; secret now",
            b"begin secret  begin secret plan",
            b"ignore previous secret",
        ],
        "SLOW_BRANCHES" => &[b"ab k=1 secret", b"0123456789ab k=1 of the secret", b"k=1 secret"],
        "SLOW_ALL" => &[b"begin then now", b"x17", b"begin now x1", b"y99"],
        "SEQUENCE_OPEN" => &[b"disregard, say, no", b"disregarding nothing", b"disregard"],
        "TOKEN_SENSITIVE" => &[b"ghp_A1b2C3d4E5", b"ghp_A1b2"],
        "TOKEN_ON_CHANNEL" => &[b"xoxb-12ab"],
        "TOKEN_SHORT" => &[b"AKIAAB12", b"sk-abcdef", b"sk-aaaa"],
        "TOKEN_PREFIX" => &[b"abc=hunter2", b"password=now", b"key=now", b"=hunter2"],
        "TOKEN_EXCEPT" => &[b"token=abc123", b"token=example1", b"token=xxxx"],
        "TOKEN_ANY_BYTE" => &[b"k\xff\ney=", b"key=", b"xy1", b"zy2"],
        "TOKEN_DIGITS" => &[b"ssn: 536-22-8415", b"ssn 666-12-1234"],
        "COMMAND_LINE" => &[b"\nrm -rf /", b"rm \t-rf /"],
        "COMMAND_PIPE" => &[b"curl x | sh\n", b"curl http://|sh"],
        "COMMAND_HOST" => &[b"evil.com", b"malo.example", b"mal.com"],
        "COMMAND_GROUPS" => &[b"aabbzz1", b"ccaabbzz1", b"curl rm -", b"curl curl "],
        "COMMAND_MANY" => &[b"aexx1end", b"dgzz22now", b"bfy3end"],
        "RUN_DIGITS" => &[b"12345", b"1 2-3.4 5", b"123456789012", b"1234.5"],
        "RUN_CARD" => &[b"4111 1111 1111 1111", b"5500-0000-0000-0004", b"411111111111"],
        "RUN_TOKEN" => &[b"AbCdEfGhIj0123456789", b"abcdefghij-_klmnopqrstuvwxyz0123456789", b"AbCdEfGhIj"],
        "RUN_HIDDEN" => {
            const {
                &[
                    "\u{200b}\u{200d}".as_bytes(),
                    "\u{feff}\u{2060}\u{200b}".as_bytes(),
                    "o\u{301}\u{30a}\u{36f}".as_bytes(),
                    "\u{301}\u{301}".as_bytes(),
                ]
            }
        }
        "RUN_MIXED" => {
            const { &["pаypal".as_bytes(), "аdmin".as_bytes(), "xαx".as_bytes(), "пароль".as_bytes()] }
        }
        "ALL_WORDS" => &[b"secret", b"tell", b"now ", b"tell noow secret", b"secret now tell"],
        "ALL_SAME" => &[b"key=abc", b"key=", b"key=key=a"],
        "ALL_FAR" => &[b"begin", b"end x stop", b"now", b"begin now end stop"],
        "ALL_TIGHT" => &[b"aba", b"bab", b"ababab", b"bbb"],
        "LETTERS_CYRILLIC" => {
            const { &["пароль".as_bytes(), "не говори".as_bytes(), "ниговори".as_bytes()] }
        }
        "LETTERS_FRENCH" => const { &["écrét".as_bytes(), "êcrèt".as_bytes(), "nowà".as_bytes()] },
        "LETTERS_PAIR" => {
            const { &["😀😀".as_bytes(), br"\ud83d\ude00\ud83d\ude00", b"k\xffey", b"k\xff\xffey"] }
        }
        _ => panic!("the stock has no rule {id}"),
    }
}

/// A rule of the patterns given.
fn rule(id: &str, patterns: impl IntoIterator<Item = Pattern>) -> Rule {
    let mut rule = Rule::new(id, "law", Severity::Medium);
    rule.patterns.extend(patterns);
    rule
}

/// A rule whose patterns must all match.
fn all(id: &str, within: usize, patterns: impl IntoIterator<Item = Pattern>) -> Rule {
    let mut rule = rule(id, patterns);
    rule.matching = Matching::All { within };
    rule
}

fn sequence(words: &[&[&str]], gap: usize, stop: &str) -> Pattern {
    let words = words.iter().map(|set| set.iter().map(|w| w.to_string()).collect()).collect();
    Pattern::new(Expr::Sequence(Sequence { words, gap, stop: stop.as_bytes().to_vec() }))
}

fn run(class: RunClass, min: usize, max: usize) -> Pattern {
    Pattern::new(Expr::Run { class, min, max })
}

/// Literals and expressions over words, with assertions, gaps and several patterns of one rule that overlap.
fn phrases() -> Vec<Rule> {
    vec![
        rule("PHRASE", [Pattern::literal("ignore previous")]),
        rule(
            "PHRASE_OVERLAP",
            [
                Pattern::regex(r"\bignore (?:all )?previous\b"),
                Pattern::literal("previous instructions"),
                Pattern::regex("all previous [a-z]{3,8}"),
            ],
        ),
        rule("PHRASE_GAP", [Pattern::regex("begin.{0,10}end")]),
        rule("PHRASE_INNER_EDGE", [Pattern::regex(r"\Bbegin\b.{1,3}\bend\B")]),
        rule("PHRASE_LINE", [Pattern::regex("^secret[a-z ]{0,6}$"), Pattern::regex("(?:^|x)now secret")]),
        rule("PHRASE_WIDE_GAP", [Pattern::regex("begin.{0,250}(?:stop|previous)")]),
        rule("PHRASE_SELF_OVERLAP", [Pattern::regex("aba[ab]{0,4}").on(On::Exact)]),
        rule("PHRASE_REPEATED", [Pattern::regex("(?:tell now ?){1,3}")]),
        rule(
            "PHRASE_BRANCHES",
            [Pattern::regex(
                r"\b(?:https://a.very.long.example.invalid/with/a/path[a-z]{0,3}foo|ignore[a-z]{0,4} rule)",
            )],
        ),
        rule("PHRASE_RAW", [Pattern::literal("ignore  all").on(On::Raw)]),
        rule("PHRASE_BACKSLASH", [Pattern::literal(r"c:\new\u0041")]),
        rule("PHRASE_QUOTED", [Pattern::literal(r#""role": "system""#), Pattern::literal("\"role\":")]),
    ]
}

/// What only the slow lane takes: matches without a longest, patterns without an anchor, checks of capture groups.
fn slow() -> Vec<Rule> {
    let slow = |id, expressions: &[&str], on| {
        rule(id, expressions.iter().map(|e| Pattern::regex(*e).on(on).lane(Lane::Slow)))
    };
    let group = Pattern::regex(r"key=([a-z]+)(\.example)?").on(On::Exact).lane(Lane::Slow);
    vec![
        slow("SLOW_GAP", &["begin.*end"], On::Text),
        slow("SLOW_LINE", &[r"now[^\n]*secret", "^secret[^\n]+"], On::Text),
        slow("SLOW_DIGITS", &["[0-9]{3}-[0-9]+"], On::Exact),
        slow("SLOW_SHORT", &["a+b", "[xy]+"], On::Text),
        slow("SLOW_GATES", &[r"(?:begin|ignore)\s+.*secret\s+.*(?:plan|now)"], On::Text),
        slow("SLOW_BRANCHES", &[r"(?:ab|0123456789ab)\s*k=\d+\s.*secret"], On::Text),
        slow("SLOW_WORDS", &[r"\b[a-c]+\b"], On::Raw),
        rule(
            "SLOW_GROUP",
            [group.judged(Judged::Group(1)).validate(Validator::new(Check::Distinct(3))).unless("x.*")],
        ),
        all(
            "SLOW_ALL",
            200,
            [Pattern::regex("begin.*now"), Pattern::regex("[xy][0-9]+")].map(|p| p.lane(Lane::Slow)),
        ),
    ]
}

/// Word sets with bounded gaps.
fn sequences() -> Vec<Rule> {
    vec![
        rule(
            "SEQUENCE",
            [sequence(
                &[&["ignore", "forget"], &["previous", "prior", "all"], &["rule*", "instruction*"]],
                12,
                ".!",
            )],
        ),
        rule(
            "SEQUENCE_PHRASES",
            [sequence(&[&["do not", "never ever"], &["tell", "tell now", "say to"]], 5, "")],
        ),
        rule("SEQUENCE_EXACT", [sequence(&[&["Ignore", "ALL"], &["now", "-now*"]], 3, "x").on(On::Exact)]),
        rule("SEQUENCE_TIGHT", [sequence(&[&["begin", "x;"], &["-end", "end*"]], 0, "")]),
        all(
            "SEQUENCE_ALL",
            60,
            [sequence(&[&["ignore"], &["previous", "all"]], 9, ""), Pattern::literal("secret")],
        ),
    ]
}

/// Tokens with checks, exceptions, short anchors, and an anchor behind a variable prefix.
fn tokens() -> Vec<Rule> {
    let mut sensitive = rule("TOKEN_SENSITIVE", [Pattern::regex("ghp_[A-Za-z0-9]{4,10}").on(On::Exact)]);
    sensitive.sensitive = true;
    let mut channel = rule("TOKEN_ON_CHANNEL", [Pattern::regex("xoxb-[0-9a-z]{2,5}")]);
    channel.channels = vec![(Channel::ToolArgs, Severity::Critical), (Channel::Message, Severity::Low)];
    vec![
        sensitive,
        channel,
        rule(
            "TOKEN_SHORT",
            [
                Pattern::regex(r"AKIA[0-9A-Z]{4}\b").on(On::Exact),
                Pattern::regex("sk-[a-z]{2,6}").on(On::Exact).validate(Validator::new(Check::Distinct(5))),
            ],
        ),
        rule(
            "TOKEN_PREFIX",
            [Pattern::regex("[a-z]{1,6}=hunter2"), Pattern::regex(r"\b(?:pass|key)[a-z]{0,4}=now")],
        ),
        rule(
            "TOKEN_EXCEPT",
            [Pattern::regex("token=[a-z0-9]{3,8}").unless("token=example[a-z0-9]*").unless("token=x+")],
        ),
        rule("TOKEN_ANY_BYTE", [Pattern::regex("k[^a]{0,2}ey=").on(On::Raw), Pattern::regex(r"[xz]y\d")]),
        rule(
            "TOKEN_DIGITS",
            [Pattern::regex(r"ssn[ :]{1,2}\d{3}-\d{2}-\d{4}")
                .validate(Validator::new(Check::Ssn).after(b" :"))],
        ),
    ]
}

/// Commands: line edges, pipes, alternatives of different lengths, repeated groups.
fn commands() -> Vec<Rule> {
    vec![
        rule("COMMAND_LINE", [Pattern::regex("^rm -rf /")]),
        rule("COMMAND_PIPE", [Pattern::regex(r"curl[^|]{1,12}\|\s{0,3}sh$")]),
        rule("COMMAND_HOST", [Pattern::regex(r"(?:evil|malo|mal)\.(?:com|example)")]),
        rule(
            "COMMAND_GROUPS",
            [Pattern::regex("(?:aa|bb|cc){2,3}zz1"), Pattern::regex("(?:curl |rm -){1,2}")],
        ),
        rule("COMMAND_MANY", [Pattern::regex("(?:a|b|c|d)(?:e|f|g)(?:xx|y|zz)(?:1|22|3)(?:end|now)")]),
    ]
}

/// Class runs.
fn runs() -> Vec<Rule> {
    vec![
        rule("RUN_DIGITS", [run(RunClass::Digits, 5, 9)]),
        rule("RUN_CARD", [run(RunClass::Digits, 12, 19).validate(Validator::new(Check::Luhn))]),
        rule("RUN_TOKEN", [run(RunClass::Token, 20, 30).validate(Validator::new(Check::Classes(2)))]),
        rule("RUN_HIDDEN", [run(RunClass::ZeroWidth, 2, 6), run(RunClass::Marks, 3, 5)]),
        rule("RUN_MIXED", [run(RunClass::MixedScript, 3, 12)]),
    ]
}

/// Rules that want all of their patterns.
fn together() -> Vec<Rule> {
    vec![
        all(
            "ALL_WORDS",
            30,
            [Pattern::literal("secret"), Pattern::regex(r"tell\b"), Pattern::regex("no{1,2}w ")],
        ),
        all("ALL_SAME", 16, [Pattern::literal("key="), Pattern::regex("key=[a-z]{1,8}")]),
        all(
            "ALL_FAR",
            400,
            [Pattern::literal("begin"), Pattern::regex("end.{0,9}stop"), Pattern::literal("now")],
        ),
        all(
            "ALL_TIGHT",
            12,
            [Pattern::regex("aba"), Pattern::regex("b[ab]b"), Pattern::literal("bab")]
                .map(|p| p.on(On::Exact)),
        ),
    ]
}

/// Letters outside ASCII.
fn beyond_ascii() -> Vec<Rule> {
    vec![
        rule("LETTERS_CYRILLIC", [Pattern::literal("пароль"), Pattern::regex("(?:не|ни) ?говори")]),
        rule("LETTERS_FRENCH", [Pattern::regex("(?:é|è|ê)cr(?:é|è)t"), Pattern::regex("now(?:à|ü)")]),
        rule("LETTERS_PAIR", [Pattern::literal("😀😀"), Pattern::regex(r"k\xff{1,2}ey")]),
    ]
}
