//! Reports for people.

use std::collections::HashMap;
use std::io::Write;

use anyhow::Result;
use hypersieve::Action;

use crate::console::{Paint, action_style, severity_style};
use crate::number::{counted, grouped};
use crate::scan::files::{Printer, Totals};
use crate::scan::report::{Outcome, Report, Shown};
use crate::visible::{visible, width};

/// So many findings of a rule are shown a file.
const SHOWN: usize = 10;

/// Prints the findings with their lines, and a summary.
pub(crate) struct Text<W> {
    out: W,
    paint: Paint,
}

impl<W: Write> Text<W> {
    pub(crate) fn new(out: W, paint: Paint) -> Text<W> {
        Text { out, paint }
    }
}

impl<W: Write> Printer for Text<W> {
    fn file(&mut self, outcome: &Outcome) -> Result<()> {
        if let Outcome::Scanned(report) = outcome
            && !(report.findings.is_empty() && report.action == Action::Allow)
        {
            self.report(report)?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self, totals: &Totals) -> Result<()> {
        writeln!(self.out, "{}", summary(totals, self.paint))?;
        self.out.flush()?;
        Ok(())
    }
}

impl<W: Write> Text<W> {
    fn report(&mut self, report: &Report) -> Result<()> {
        let path = visible(&report.path);
        let mut shown: HashMap<&str, usize> = HashMap::new();
        for finding in &report.findings {
            let times = shown.entry(&finding.rule.id).or_default();
            *times += 1;
            if *times <= SHOWN {
                self.finding(&path, finding)?;
            }
            // What to do is said once a file.
            if *times == 1 {
                self.note("help", &finding.rule.remediation)?;
            }
        }
        for (id, count) in &report.counts {
            let more = count.saturating_sub(SHOWN as u64);
            if more > 0 {
                writeln!(self.out, "{path}: {} of {}", counted(more, "more finding"), visible(id))?;
            }
        }
        for limit in &report.limits {
            writeln!(self.out, "{path}: a limit was reached: {}", visible(limit))?;
        }
        let verdict = self.paint.paint(action_style(report.action), report.action);
        writeln!(self.out, "{}: verdict {verdict}\n", self.paint.bold(path))?;
        Ok(())
    }

    fn finding(&mut self, path: &str, shown: &Shown) -> Result<()> {
        let paint = self.paint;
        let severity = shown.finding.severity();
        let place = paint.bold(format!("{path}:{}:{}:", shown.first.line, shown.first.column));
        let grave = paint.paint(severity_style(severity), format!("{severity}:"));
        let name = paint.bold(visible(&shown.rule.name));
        let id = paint.dim(format!("[{}]", visible(&shown.rule.id)));
        writeln!(self.out, "{place} {grave} {name} {id}")?;

        let excerpt = &shown.excerpt;
        let dots = |cut: bool| if cut { "…" } else { "" };
        let before = format!("{}{}", dots(excerpt.cut_before), visible(&excerpt.before));
        let matched = format!("{}{}", visible(&excerpt.matched), dots(excerpt.cut_match));
        let behind = format!("{}{}", visible(&excerpt.behind), dots(excerpt.cut_behind));
        let marks = " ".repeat(width(&before)) + &"^".repeat(width(&matched).max(1));
        let more = match shown.behind.line - shown.first.line {
            0 => String::new(),
            lines => format!(" and {}", counted(lines, "more line")),
        };
        let number = shown.first.line.to_string();
        let margin = " ".repeat(number.len());
        let style = severity_style(severity);
        let bar = paint.dim("|");
        writeln!(self.out, " {} {bar} {before}{}{behind}", paint.dim(&number), paint.paint(style, &matched))?;
        writeln!(self.out, " {margin} {bar} {}", paint.paint(style, format!("{marks}{more}")))?;
        let view = shown.finding.view().to_string();
        if view != "raw" {
            self.note("view", &view)?;
        }
        if let Some(pointer) = &shown.pointer {
            self.note("in", pointer)?;
        }
        Ok(())
    }

    fn note(&mut self, what: &str, text: &str) -> Result<()> {
        if !text.is_empty() {
            writeln!(self.out, "  {} {}", self.paint.bold(format!("= {what}:")), visible(text))?;
        }
        Ok(())
    }
}

/// One line about everything.
fn summary(totals: &Totals, paint: Paint) -> String {
    let files = counted(totals.files, "file");
    let seconds = totals.elapsed.as_secs_f64();
    let mut line = format!(
        "{files}, {} bytes in {seconds:.3} s ({:.1} MB/s):",
        grouped(totals.bytes),
        totals.mb_per_s()
    );
    let actions = totals.by_action().map(|(action, count)| {
        let done = match action {
            Action::Allow => "allowed",
            Action::Flag => "flagged",
            Action::Quarantine => "quarantined",
            _ => "blocked",
        };
        let text = format!("{} {done}", grouped(count));
        if count > 0 { paint.paint(action_style(action), text) } else { text }
    });
    line += " ";
    line += &actions.collect::<Vec<_>>().join(", ");
    if totals.skipped > 0 {
        line += &format!("; {} binary, not scanned", totals.skipped);
    }
    if totals.failed > 0 {
        line += &format!("; {} could not be scanned", totals.failed);
    }
    line
}
