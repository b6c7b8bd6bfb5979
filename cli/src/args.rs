//! The command line.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Parser, Subcommand, ValueEnum, ValueHint};
use hypersieve::{Channel, FilterKind, Severity, SimdLevel};

use crate::approvals::ApprovalsCommand;
use crate::logs::LogsArgs;

/// Scans what AI agents read and write for prompt injection, dangerous commands and leaking secrets.
///
/// The same engine and the same rules as in the gateway, for files, folders and streams: in a shell, in continuous
/// integration, or to try a rule of your own.
#[derive(Debug, Parser)]
#[command(name = "hypersieve", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  hypersieve scan .                      every file below this folder
  curl -s URL | hypersieve scan -        what a program prints
  hypersieve rules show SSRF_001         what a rule looks for, and what to do about it
  hypersieve rules lint my-rules/        check rules of your own
  hypersieve bench                       how fast the engine is on this machine

Exit codes: 0 all is well, 1 something was found, 2 something could not be done.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Scan(ScanArgs),
    /// List, explain, check and measure rules.
    #[command(subcommand)]
    Rules(RulesCommand),
    Serve(ServeArgs),
    Wrap(WrapArgs),
    /// Issue, list and revoke bearer tokens of the gateway's agents.
    #[command(subcommand)]
    Tokens(TokensCommand),
    Logs(LogsArgs),
    /// Decide on calls that a gateway holds for a person.
    #[command(subcommand)]
    Approvals(ApprovalsCommand),
    Bench(BenchArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    List(ListArgs),
    Show(ShowArgs),
    Lint(LintArgs),
    Cost(CostArgs),
    Test(TestArgs),
    Convert(ConvertArgs),
}

/// Scan files, folders, standard input or items in JSON lines.
///
/// Folders are walked with all that is hidden in them, since `.mcp.json`, `.cursorrules` and `.github/` are where
/// attacks live; `.git` is left out, and so is what `.gitignore` names. Symbolic links in folders are not followed.
/// Each file is scanned as bytes, whatever it is, and whatever its size.
///
/// Secrets that are found are never printed: at most their first four characters are.
#[derive(Debug, clap::Args)]
#[command(after_help = SCAN_EXAMPLES)]
pub(crate) struct ScanArgs {
    /// Files and folders; `-` is standard input; nothing means this folder.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Where the text comes from: decides which rules watch it and how grave their findings are.
    #[arg(long, value_name = "CHANNEL", default_value = "any", value_parser = named::<Channel>(Channel::ALL.map(Channel::name)))]
    pub(crate) channel: Channel,

    /// How to print what is found.
    #[arg(long, value_enum)]
    pub(crate) format: Option<ScanFormat>,

    /// Check the samples of a manifest (TOML) against the verdicts it expects.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "jsonl"], value_hint = ValueHint::FilePath)]
    pub(crate) manifest: Option<PathBuf>,

    /// Scan one item a line, `{"id", "text", "channel"}`, and print one line an item; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "paths", value_hint = ValueHint::FilePath)]
    pub(crate) jsonl: Option<PathBuf>,

    /// Give the text to the engine in pieces of so many bytes. What is found does not depend on it.
    #[arg(long, value_name = "BYTES", value_parser = at_least_one, allow_negative_numbers = true)]
    pub(crate) chunk: Option<NonZeroUsize>,

    /// Findings below this severity are left out.
    #[arg(long, value_name = "SEVERITY", value_parser = named::<Severity>(Severity::ALL.map(Severity::name)))]
    pub(crate) min_severity: Option<Severity>,

    /// Scan what `.gitignore` names, too.
    #[arg(long)]
    pub(crate) no_ignore: bool,

    /// Leave out files with a NUL byte among their first 8 KiB; the summary says how many.
    #[arg(long)]
    pub(crate) skip_binary: bool,

    /// When to use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub(crate) color: ColorWhen,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

const SCAN_EXAMPLES: &str = "\
Examples:
  hypersieve scan .                                       every file below this folder
  hypersieve scan --channel tool_result page.html         as what a tool answered
  curl -s URL | hypersieve scan -                         standard input
  hypersieve scan --format sarif . > scan.sarif           for code scanning
  hypersieve scan --jsonl items.jsonl > verdicts.jsonl    one verdict an item
  hypersieve scan --rules my-rules/ --no-builtin .        with rules of your own alone

An item in JSON lines has an `id`, a `text` and, unless --channel says it, a `channel` (also `prompt`, `code` and \
`text`, which mean message, tool_args and tool_result). A line that is no such item is answered in its place by \
{\"line\": n, \"verdict\": \"block\", \"error\": \"...\"}.

Exit codes: 0 all is allowed (or as the manifest says), 1 something is flagged or worse (or differs), 2 something \
could not be scanned; all else was.";

/// Which rules to use.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RuleArgs {
    /// Add the rules of a file or a folder; may be given more than once.
    ///
    /// Takes this program's YAML, YAML with a `match_mode` and patterns of `type` and `value`, and gitleaks' TOML.
    #[arg(long = "rules", value_name = "PATH", action = ArgAction::Append, value_hint = ValueHint::AnyPath)]
    pub(crate) added: Vec<PathBuf>,

    /// Let added rules replace built-in ones of the same id.
    #[arg(long, requires = "added")]
    pub(crate) replace: bool,

    /// Leave out added rules that can't be used, say which, and go on with the rest.
    #[arg(long, requires = "added")]
    pub(crate) keep_going: bool,

    /// Leave out the built-in rules.
    #[arg(long, requires = "added")]
    pub(crate) no_builtin: bool,

    /// Leave out a rule, by its id or an alias; may be given more than once.
    #[arg(long, value_name = "ID", action = ArgAction::Append)]
    pub(crate) disable: Vec<String>,

    /// Of the built-in rules, use only this set, such as `core`; may be given more than once.
    #[arg(long = "set", value_name = "SET", action = ArgAction::Append, conflicts_with = "no_builtin")]
    pub(crate) sets: Vec<String>,
}

/// How the engine works; no knob changes what it finds.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Engine")]
pub(crate) struct EngineArgs {
    /// How anchors are looked for.
    #[arg(long, value_name = "FILTER", default_value = "native", value_parser = filters())]
    pub(crate) filter: FilterKind,

    /// Which instructions the native filter uses; what the CPU lacks falls back to the best below it.
    #[arg(long, value_name = "LEVEL", default_value = "auto", value_parser = named::<SimdLevel>(SimdLevel::ALL.map(SimdLevel::name)))]
    pub(crate) simd: SimdLevel,
}

/// List the rules.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// A table, or an array with each rule's patterns and examples.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    /// When to use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub(crate) color: ColorWhen,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,
}

/// Explain a rule: what it looks for and where, what to do about a finding, how the engine searches for it.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The rule's id, or an alias.
    pub(crate) id: String,

    /// When to use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub(crate) color: ColorWhen,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,
}

/// Check rule files: what is wrong, where, and what to do.
///
/// Mistakes of form, patterns that cannot be compiled or have no anchor, ids that are there twice, and examples that
/// do not hold.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 no mistake, 1 mistakes, 2 a file could not be read.")]
pub(crate) struct LintArgs {
    /// Rule files, or folders of them.
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// When to use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub(crate) color: ColorWhen,
}

/// Run the examples that rules carry, in whatever format, and say which hold.
///
/// Says of rules that were written for another program what they mean here that they do not mean there, which can't be
/// used, and which patterns are slow.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 all examples hold, 1 some do not, 2 some rules could not be used.")]
pub(crate) struct TestArgs {
    /// Rule files, or folders of them.
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Show each warning at its line, rather than how many rules it concerns.
    #[arg(long)]
    pub(crate) warnings: bool,

    /// When to use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub(crate) color: ColorWhen,
}

/// Write rules that were written for another program in this program's format.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 all rules are written, 1 with --keep-going all but some, 2 nothing is."
)]
pub(crate) struct ConvertArgs {
    /// The rule file, or a folder of them.
    #[arg(value_name = "IN", value_hint = ValueHint::AnyPath)]
    pub(crate) from: PathBuf,

    /// The file to write (YAML), which must not be there yet; `-` is standard output.
    #[arg(value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) to: PathBuf,

    /// Leave out rules that can't be used, say which, and write the rest.
    #[arg(long)]
    pub(crate) keep_going: bool,
}

/// Measure what each pattern costs on ordinary text, the most expensive first.
///
/// A candidate is a place at which one of the pattern's anchors stands, a confirm a place at which an automaton or a
/// sequence had to look closer. A pattern with more than one candidate per KiB of ordinary text is marked with `!`.
#[derive(Debug, clap::Args)]
pub(crate) struct CostArgs {
    /// Text to measure on: files and folders; nothing means the embedded sample.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Where the text comes from.
    #[arg(long, value_name = "CHANNEL", default_value = "any", value_parser = named::<Channel>(Channel::ALL.map(Channel::name)))]
    pub(crate) channel: Channel,

    /// A table, or an array with each pattern's anchors.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    /// When to use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub(crate) color: ColorWhen,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,
}

/// Run the gateway: between agents and their MCP servers, scanning what passes.
///
/// Ends on an interrupt or SIGTERM, when the calls in flight are answered. On SIGHUP, and when the configuration or a file
/// that it names changes, what they say is taken over without a call being lost; what can't be used changes nothing.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = SERVE_EXAMPLES)]
pub(crate) struct ServeArgs {
    /// The configuration (YAML).
    #[arg(long, value_name = "PATH", default_value = "hypersieve.yaml", value_hint = ValueHint::FilePath)]
    pub(crate) config: PathBuf,

    /// Check the configuration and say what is wrong, without serving.
    #[arg(long)]
    pub(crate) check: bool,

    /// Listen here, whatever the configuration says.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
}

const SERVE_EXAMPLES: &str = "\
Examples:
  hypersieve serve --config gateway.yaml            run the gateway
  hypersieve serve --config gateway.yaml --check    only check the configuration

A configuration:
  mcp_servers:
    everything:
      command: npx
      args: [\"-y\", \"@modelcontextprotocol/server-everything\"]";

#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    Add(TokensAddArgs),
    /// List all tokens that were issued, by their ids.
    List(TokenArgs),
    Revoke(TokensRevokeArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct TokenArgs {
    /// The gateway's configuration (YAML), which names the state folder.
    #[arg(long, value_name = "PATH", default_value = "hypersieve.yaml", value_hint = ValueHint::FilePath)]
    pub(crate) config: PathBuf,
}

/// Issue a token for an agent, and print it: only a salted hash of it is kept.
///
/// It works at once, also in a gateway that runs. From then on the agent's name alone is not believed.
#[derive(Debug, clap::Args)]
pub(crate) struct TokensAddArgs {
    /// The agent, as in the configuration.
    #[arg(value_name = "AGENT")]
    pub(crate) agent: String,

    #[command(flatten)]
    pub(crate) common: TokenArgs,
}

/// Revoke a token; it ceases to work at once, also in a gateway that runs.
#[derive(Debug, clap::Args)]
pub(crate) struct TokensRevokeArgs {
    /// The token's id, as in `hypersieve tokens list`.
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    #[command(flatten)]
    pub(crate) common: TokenArgs,
}

/// Run an MCP server that speaks over standard input and output, scanning what passes.
///
/// Takes the place of the server's command where a client is configured. Without --config nothing but the built-in rules
/// decides; with it, its rules, its agents and the tool lists of the server named by --server count.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hypersieve wrap -- npx -y @modelcontextprotocol/server-filesystem /tmp")]
pub(crate) struct WrapArgs {
    /// A configuration (YAML), as for `serve`.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// The name of the server in the configuration.
    #[arg(long, value_name = "NAME", requires = "config")]
    pub(crate) server: Option<String>,

    /// The name of the agent in the configuration.
    #[arg(long, value_name = "NAME", requires = "config")]
    pub(crate) agent: Option<String>,

    /// Log what is found and stop nothing.
    #[arg(long)]
    pub(crate) observe: bool,

    /// Add a record for every decision to this file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) audit: Option<PathBuf>,

    /// The server's command and its arguments.
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true, value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<String>,
}

/// Measure the engine's speed on one thread.
///
/// The text is cut into pieces that are scanned one by one, all views and findings on. Before it is timed, each
/// piece is scanned untimed, and every timed scan must find the same. MB means 10^6 bytes.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// Text to measure on: files and folders; nothing means the embedded sample.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Bytes a piece.
    #[arg(long, value_name = "BYTES", default_value = "65536", value_parser = at_least_one, allow_negative_numbers = true)]
    pub(crate) size: NonZeroUsize,

    /// Give each piece to a stream, so many bytes a time.
    #[arg(long, value_name = "BYTES", value_parser = at_least_one, allow_negative_numbers = true)]
    pub(crate) chunk: Option<NonZeroUsize>,

    /// Where the text comes from.
    #[arg(long, value_name = "CHANNEL", default_value = "any", value_parser = named::<Channel>(Channel::ALL.map(Channel::name)))]
    pub(crate) channel: Channel,

    /// Read the text as it is, without views: what they cost is the difference.
    #[arg(long)]
    pub(crate) raw: bool,

    /// How long to measure.
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = positive_seconds, allow_negative_numbers = true)]
    pub(crate) seconds: f64,

    /// How to print the result.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// Print a script that completes command lines in a shell.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  hypersieve completions bash > ~/.local/share/bash-completion/completions/hypersieve"
)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hypersieve man --dir ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Write the pages of all commands to a folder instead.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) dir: Option<PathBuf>,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanFormat {
    /// For people.
    Text,
    /// One document.
    Json,
    /// One line a file.
    Jsonl,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// How a table or a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A value that the engine parses, with the names that it knows for help and completions.
fn named<T>(names: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = hypersieve::UnknownName> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

/// The filters of this build. One that only other builds have is known by name, so that the message says what is missing.
fn filters() -> impl TypedValueParser<Value = FilterKind> {
    let mut names: Vec<PossibleValue> = FilterKind::ALL.map(|kind| PossibleValue::new(kind.name())).into();
    if !names.iter().any(|value| value.get_name() == "hyperscan") {
        names.push(PossibleValue::new("hyperscan").hide(true));
    }
    PossibleValuesParser::new(names).try_map(|name| name.parse::<FilterKind>())
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse::<usize>().map_err(|_| "not a whole number of bytes".to_string())?;
    NonZeroUsize::new(number).ok_or_else(|| "must be at least 1".to_string())
}

fn positive_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(seconds),
        Ok(_) => Err("must be more than 0 and at most a day".to_string()),
        Err(_) => Err("not a number of seconds".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn sizes_are_positive() {
        for (text, ok) in
            [("1", true), ("65536", true), ("0", false), ("-1", false), ("1.5", false), ("", false)]
        {
            assert_eq!(at_least_one(text).is_ok(), ok, "{text}");
        }
        for (text, ok) in
            [("1", true), ("0.5", true), ("0", false), ("-1", false), ("nan", false), ("inf", false)]
        {
            assert_eq!(positive_seconds(text).is_ok(), ok, "{text}");
        }
    }
}
