//! `hypersieve rules show ID`.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use hypersieve::{Channel, Database, PatternPlan, Rule};
use hypersieve_rules::{Example, Examples};

use crate::args::ShowArgs;
use crate::console::{Paint, severity_style};
use crate::exit::Exit;
use crate::rules::describe::{self, Described};
use crate::ruleset::RuleSet;
use crate::visible::visible;

pub(crate) fn run(args: &ShowArgs) -> Result<Exit> {
    let set = RuleSet::load(&args.rules)?;
    let rule = set.find(&args.id)?;
    let examples = set.examples()?;
    let examples = set.rules().zip(&examples).find(|(r, _)| r.id == rule.id).map(|(_, examples)| examples);
    let database = Database::builder().rule(rule.clone()).build()?;
    let mut out = BufWriter::new(io::stdout().lock());
    Shown { out: &mut out, paint: Paint::stdout(args.color) }.rule(rule, examples, database.plans())?;
    out.flush()?;
    Ok(Exit::Fine)
}

/// Prints a rule's sheet.
struct Shown<'o, W> {
    out: &'o mut W,
    paint: Paint,
}

impl<W: Write> Shown<'_, W> {
    fn rule(&mut self, rule: &Rule, examples: Option<&Examples>, plans: &[PatternPlan]) -> Result<()> {
        let paint = self.paint;
        writeln!(self.out, "{}  {}", paint.bold(visible(&rule.id)), paint.bold(visible(&rule.name)))?;
        let severity = paint.paint(severity_style(rule.severity), rule.severity);
        let masked = if rule.sensitive { ", masked where it is printed" } else { "" };
        writeln!(self.out, "{severity}, {}, set {}{masked}", visible(&rule.category), visible(&rule.set))?;
        self.text("", &rule.description)?;
        if !rule.aliases.is_empty() {
            self.text("Also called", &visible(&rule.aliases.join(", ")))?;
        }

        self.heading("Watches")?;
        for (channel, severity) in describe::channels(rule) {
            let severity = paint.paint(severity_style(severity), severity);
            writeln!(self.out, "  {:<17} {severity}", channel.name())?;
        }

        self.heading(&format!("Looks for {}", describe::matching(rule.matching)))?;
        for (index, pattern) in rule.patterns.iter().enumerate() {
            self.pattern(index, &Described::new(pattern), plans.iter().find(|plan| plan.pattern == index))?;
        }

        self.text("What to do", &rule.remediation)?;
        if !rule.references.is_empty() {
            self.heading("Read more")?;
            for reference in &rule.references {
                writeln!(self.out, "  {}", visible(reference))?;
            }
        }
        if let Some(examples) = examples {
            self.examples("Fires on", &examples.r#match)?;
            self.examples("Does not fire on", &examples.no_match)?;
        }
        Ok(())
    }

    fn pattern(&mut self, index: usize, pattern: &Described, plan: Option<&PatternPlan>) -> Result<()> {
        let reads = match pattern.on {
            "exact" => ", letter case counts",
            "raw" => ", in the bytes as they are",
            _ => "",
        };
        writeln!(
            self.out,
            "  {}. {} {}{reads}",
            index + 1,
            self.paint.dim(pattern.kind),
            visible(&pattern.text)
        )?;
        for check in &pattern.validate {
            writeln!(self.out, "     {} {}", self.paint.dim("validate"), visible(check))?;
        }
        for unless in &pattern.unless {
            writeln!(self.out, "     {} {}", self.paint.dim("unless"), visible(unless))?;
        }
        let Some(plan) = plan else { return Ok(()) };
        let anchors: Vec<&str> = plan.anchors.iter().map(|anchor| anchor.text.as_str()).collect();
        let anchors = visible(&anchors.join("  "));
        writeln!(self.out, "     {} {anchors}", self.paint.dim("anchors"))?;
        let (strategy, width, steps) = (plan.strategy, plan.width, plan.worst_steps_per_byte);
        let how = format!("{strategy}, at most {width} bytes, at worst {steps} steps a byte");
        writeln!(self.out, "     {}", self.paint.dim(how))?;
        Ok(())
    }

    fn examples(&mut self, heading: &str, examples: &[Example]) -> Result<()> {
        if examples.is_empty() {
            return Ok(());
        }
        self.heading(heading)?;
        for example in examples {
            let channel = match example.channel {
                Channel::Any => String::new(),
                channel => self.paint.dim(format!(" ({channel})")),
            };
            writeln!(self.out, "  - {}{channel}", visible(&example.text))?;
        }
        Ok(())
    }

    fn heading(&mut self, heading: &str) -> Result<()> {
        writeln!(self.out, "\n{}", self.paint.bold(format!("{heading}:")))?;
        Ok(())
    }

    /// A paragraph, wrapped.
    fn text(&mut self, heading: &str, text: &str) -> Result<()> {
        const WIDTH: usize = 98;
        if text.is_empty() {
            return Ok(());
        }
        if heading.is_empty() {
            writeln!(self.out)?
        } else {
            self.heading(heading)?
        }
        let mut line = String::new();
        for word in text.split_whitespace().map(visible) {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                writeln!(self.out, "  {line}")?;
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line += &word;
        }
        writeln!(self.out, "  {line}")?;
        Ok(())
    }
}
