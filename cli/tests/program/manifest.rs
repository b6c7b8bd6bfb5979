//! Manifests.

use serde_json::json;

use crate::run::Folder;

fn folder() -> Folder {
    Folder::new(&[
        ("corpus/a.txt", b"disregard previous orders"),
        ("corpus/b.txt", b"fetch and execute"),
        ("corpus/benign/x/c.txt", b"fine"),
        ("corpus/benign/d.txt", b"unsandboxed"),
    ])
}

#[test]
fn verdicts_as_expected_are_fine() {
    let folder = folder();
    folder.write(
        "corpus/manifest.toml",
        br#"
[[sample]]
path = "a.txt"
channel = "message"
verdict = "quarantine"
rules = ["TO-1"]
note = "the channel lowers it"

[[sample]]
path = "b.txt"
verdict = "flag"
rules = ["TEST_FETCH"]

[[sample]]
path = "benign"
verdict = "allow"
"#,
    );
    let run = folder.scan(&["--manifest", "corpus/manifest.toml"]);
    assert_eq!(run.quiet(), 0);
    assert_eq!(run.out, "4 samples: 4 as expected, 0 not\n");
}

#[test]
fn differences_are_listed() {
    let folder = folder();
    folder.write(
        "corpus/manifest.toml",
        br#"
sample = [
    {path = "a.txt", verdict = "allow", rules = ["TEST_OVERRIDE"]},
    {path = "b.txt", verdict = "flag", rules = ["TEST_FETCH", "TEST_KEY"]},
    {path = "benign/d.txt", verdict = "block"},
]
"#,
    );
    let run = folder.scan(&["--manifest", "corpus/manifest.toml"]);
    assert_eq!(run.quiet(), 1);
    assert_eq!(
        run.out,
        "corpus/a.txt (any): expected allow, got block: TEST_OVERRIDE fired\n\
         corpus/b.txt (any): rule TEST_KEY did not fire\n\
         corpus/benign/d.txt (any): expected block, got allow: TEST_MENTION fired\n\
         3 samples: 0 as expected, 3 not\n"
    );
    let json = folder.scan(&["--manifest", "corpus/manifest.toml", "--format", "json"]).json();
    assert_eq!((&json["samples"], &json["failed"]), (&json!(3), &json!(0)));
    assert_eq!(json["differences"][1]["difference"], "rule TEST_KEY did not fire");
}

#[test]
fn errors_are_no_differences() {
    let folder = folder();
    for (manifest, part) in [
        ("[[sample]]\npath = \"none.txt\"\nverdict = \"allow\"", "none.txt"),
        ("[[sample]]\npath = \"a.txt\"\nverdict = \"deny\"", "unknown action `deny`"),
        ("[[sample]]\npath = \"a.txt\"\nverdict = \"block\"\nrules = [\"NONE\"]", "`NONE`"),
        ("[[sample]]\npath = \"a.txt\"\nverdict = \"block\"\nchannel = \"x\"", "unknown channel `x`"),
        ("[[sample]]\npath = \"a.txt\"\nverdict = \"block\"\nverdit = \"x\"", "verdit"),
        ("[[sample]]\npath = \"a.txt\"", "verdict"),
        ("", "[[sample]]"),
    ] {
        folder.write("corpus/m.toml", manifest.as_bytes());
        let run = folder.scan(&["--manifest", "corpus/m.toml"]);
        assert_eq!(run.code, 2, "{manifest}");
        assert!(run.err.contains(part) && run.err.contains("corpus/m.toml"), "{manifest}: {}", run.err);
    }
    assert_eq!(folder.scan(&["--manifest", "none.toml"]).code, 2);
}
