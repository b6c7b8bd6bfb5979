//! A folder of files, and runs of the program in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

/// The path of the tests' rules.
pub(crate) fn rules() -> String {
    format!("{}/tests/rules.yaml", env!("CARGO_MANIFEST_DIR"))
}

/// Rules that were written for other programs, and a text that some of them find.
pub(crate) fn others() -> Folder {
    let read = |name: &str| {
        fs::read(format!("{}/../rules/tests/foreign/{name}.input", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    Folder::new(&[
        ("shop.yaml", &read("origin")),
        ("keys.toml", &read("gitleaks")),
        ("broken.yaml", &read("broken")),
        ("order.txt", b"the key is SHOPKEY-A1B2C3D4, all is fine\nkey: SHOPKEY-A1B2C3D4;\n"),
    ])
}

/// A folder with files.
pub(crate) struct Folder {
    dir: TempDir,
}

impl Folder {
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Folder {
        let folder = Folder { dir: tempfile::tempdir().unwrap() };
        for (name, content) in files {
            folder.write(name, content);
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The program with these arguments, to be run in the folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hypersieve"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        for variable in ["NO_COLOR", "COLUMNS", "CLICOLOR_FORCE", "FORCE_COLOR"] {
            command.env_remove(variable);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    /// The same with something on standard input.
    pub(crate) fn pipe(&self, args: &[&str], input: &[u8]) -> Run {
        let mut command = self.command(args);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = thread::spawn(move || {
            // A program that stops reading is judged by what it says.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Run::of(output)
    }

    /// `hypersieve scan` with the tests' rules alone.
    pub(crate) fn scan(&self, args: &[&str]) -> Run {
        self.run(&scan_args(args).iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub(crate) fn scan_pipe(&self, args: &[&str], input: &[u8]) -> Run {
        self.pipe(&scan_args(args).iter().map(String::as_str).collect::<Vec<_>>(), input)
    }
}

pub(crate) fn scan_args(args: &[&str]) -> Vec<String> {
    let own = ["scan", "--no-builtin", "--rules"].map(str::to_string);
    own.into_iter().chain([rules()]).chain(args.iter().map(ToString::to_string)).collect()
}

/// What a run of the program left.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    fn of(output: Output) -> Run {
        Run {
            code: output.status.code().expect("the program ends by itself"),
            out: String::from_utf8(output.stdout).expect("the output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("the errors are UTF-8"),
        }
    }

    /// The output as one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}{}", self.out, self.err))
    }

    /// The output as one JSON document a line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }

    /// The exit code; the errors must be empty.
    pub(crate) fn quiet(&self) -> i32 {
        assert_eq!(self.err, "");
        self.code
    }
}

/// The rules of a report's findings.
pub(crate) fn fired(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect()
}
