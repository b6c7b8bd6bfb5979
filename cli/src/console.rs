//! What goes to a person: colours, and errors on standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use hypersieve::{Action, Severity};

use crate::args::ColorWhen;
use crate::visible::visible;

/// Colours, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint {
    colours: bool,
}

impl Paint {
    /// For standard output, as the user wishes: `auto` means a terminal, and `NO_COLOR` is not set.
    pub(crate) fn stdout(when: ColorWhen) -> Paint {
        Paint { colours: wanted(when, &io::stdout()) }
    }

    /// Plain text.
    #[cfg(test)]
    pub(crate) fn plain() -> Paint {
        Paint { colours: false }
    }

    /// Whether there are colours.
    pub(crate) fn has_colours(self) -> bool {
        self.colours
    }

    /// `text` in the style.
    pub(crate) fn paint(self, style: Style, text: impl Display) -> String {
        if self.colours { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    /// `text` in bold.
    pub(crate) fn bold(self, text: impl Display) -> String {
        self.paint(Style::new().bold(), text)
    }

    /// `text` set back behind the rest.
    pub(crate) fn dim(self, text: impl Display) -> String {
        self.paint(Style::new().dimmed(), text)
    }
}

/// The colour of a severity.
pub(crate) fn severity_style(severity: Severity) -> Style {
    let colour = match severity {
        Severity::Critical => AnsiColor::BrightRed,
        Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        _ => AnsiColor::Cyan,
    };
    colour.on_default().bold()
}

/// The colour of a verdict.
pub(crate) fn action_style(action: Action) -> Style {
    let colour = match action {
        Action::Allow => AnsiColor::Green,
        Action::Flag => AnsiColor::Yellow,
        Action::Quarantine => AnsiColor::Red,
        _ => AnsiColor::BrightRed,
    };
    colour.on_default().bold()
}

/// Says on standard error what went wrong. The message may quote a file's name or content.
pub(crate) fn error(message: &str) {
    let paint = Paint { colours: wanted(ColorWhen::Auto, &io::stderr()) };
    let style = AnsiColor::BrightRed.on_default().bold();
    let shown: Vec<String> = message.lines().map(visible).collect();
    // Where not even this can be written, the exit code is left.
    let _ = writeln!(io::stderr(), "{} {}", paint.paint(style, "error:"), shown.join("\n"));
}

/// Says on standard error that something may not be as it was meant. The message may quote a file's name or content.
pub(crate) fn warning(message: &str) {
    let paint = Paint { colours: wanted(ColorWhen::Auto, &io::stderr()) };
    let style = AnsiColor::Yellow.on_default().bold();
    let _ = writeln!(io::stderr(), "{} {}", paint.paint(style, "warning:"), visible(message));
}

/// Logs to standard error from this level on, such as `info`, or as the environment variable `HYPERSIEVE_LOG` says.
pub(crate) fn log(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HYPERSIEVE_LOG");
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| level.into()))
        .with_ansi(wanted(ColorWhen::Auto, &io::stderr()))
        .with_writer(io::stderr)
        .init();
}

fn wanted(when: ColorWhen, stream: &impl IsTerminal) -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => {
            stream.is_terminal() && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
        }
    }
}
