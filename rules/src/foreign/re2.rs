//! A regular expression as Go or RE2 reads it, as patterns of ours: over bytes, and telling letter case by itself.

use regex_syntax::ast::{self, Ast, Flag, FlagsItemKind};
use regex_syntax::hir::translate::TranslatorBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::Mistake;
use super::go_syntax::{self, Translated};
use super::print::{self, Case, Groups};

/// No match of more bytes is reported.
pub(super) const MAX_WIDTH: usize = 512;

/// Most parts that an expression may come to when its repetitions are written out.
const MAX_PARTS: usize = 100_000;

/// An expression that has been understood.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    hir: Hir,
    ast: Ast,
    translated: Translated,
    /// `^` or `$` stand for the edges of the text in it, and are read as those of a line.
    pub(super) edges: bool,
}

impl Expression {
    /// Reads an expression.
    pub(super) fn read(go: &str) -> Result<Expression, Mistake> {
        let translated = go_syntax::translate(go)?;
        let text = &translated.text;
        let mistake = |message: String, span: &ast::Span| {
            let help = if message.contains("look-around") {
                "lookaround can't be matched in linear time in a stream: say it with a list of exceptions"
            } else {
                "the syntax is that of Go's regular expressions (RE2)"
            };
            let span = translated.written(&(span.start.offset..span.end.offset));
            Mistake { message, help, span: span.start..span.end.min(go.len()) }
        };
        let ast = ast::parse::ParserBuilder::new().nest_limit(250).build().parse(text);
        let ast = ast.map_err(|e| mistake(e.kind().to_string(), e.span()))?;
        check_flags(&ast)
            .map_err(|span| mistake("Go's regular expressions have no such flag".to_string(), &span))?;
        let read = |lines: bool| {
            let mut builder = TranslatorBuilder::new();
            builder.utf8(false).multi_line(lines).build().translate(text, &ast)
        };
        let strict = read(false).map_err(|e| mistake(e.kind().to_string(), e.span()))?;
        let edges = |hir: &Hir| {
            let looks = hir.properties().look_set();
            looks.contains(Look::Start) || looks.contains(Look::End)
        };
        let has_edges = edges(&strict);
        let hir =
            if has_edges { read(true).map_err(|e| mistake(e.kind().to_string(), e.span()))? } else { strict };
        let whole = |message: String, help| Mistake { message, help, span: 0..go.len() };
        if edges(&hir) {
            return Err(whole(
                "`(?-m)` ties `^` or `$` to the edge of the input, which a stream does not have".to_string(),
                "drop the flag: the edges of a line are meant then",
            ));
        }
        if parts(&hir) > MAX_PARTS {
            return Err(whole(
                format!("with its repetitions written out the expression has more than {MAX_PARTS} parts"),
                "lower the bounds of the repetitions inside of others",
            ));
        }
        Ok(Expression { hir, ast, translated, edges: has_edges })
    }

    /// Reads text that is to be found in whatever letter case.
    pub(super) fn contains(text: &str) -> Result<Expression, Mistake> {
        Expression::read(&format!("(?i){}", regex_syntax::escape(text)))
    }

    /// Why it can't be a pattern, if it can't.
    pub(super) fn check_pattern(&self) -> Result<(), (String, &'static str)> {
        let least = self.hir.properties().minimum_len();
        match least {
            None => Err((
                "the expression matches nothing whatever".to_string(),
                "drop it, or correct its classes",
            )),
            Some(0) => Err((
                "the expression can match nothing at all, so it would be found everywhere".to_string(),
                "make at least one part of it mandatory",
            )),
            Some(least) if least > MAX_WIDTH => Err((
                format!(
                    "every match is at least {least} bytes long, and none of more than {MAX_WIDTH} is reported"
                ),
                "look for a shorter part of it",
            )),
            Some(_) => Ok(()),
        }
    }

    /// Whether a match may be longer than those that are reported.
    pub(super) fn is_cut(&self) -> bool {
        self.hir.properties().maximum_len().is_none_or(|most| most > MAX_WIDTH)
    }

    /// Whether letter case never counts.
    pub(super) fn is_case_blind(&self) -> bool {
        print::is_case_blind(&self.hir)
    }

    /// How many capture groups there are.
    pub(super) fn groups(&self) -> usize {
        self.hir.properties().explicit_captures_len()
    }

    /// As an expression of our dialect.
    pub(super) fn pattern(&self, case: Case, groups: Groups) -> String {
        print::print(&self.hir, case, groups)
    }

    /// As an exception: a span in which it is found is matched as a whole.
    pub(super) fn exception(&self, case: Case) -> String {
        format!(".*(?:{}).*", print::print(&self.hir, case, Groups::Drop))
    }

    /// Whether every match has one of these words in it, letter case aside; if in doubt, not.
    pub(super) fn always_has(&self, words: &[String]) -> bool {
        debug_assert!(!self.translated.text.is_empty() || words.is_empty());
        has_word(&self.ast, words)
    }
}

/// Where a flag stands that Go does not know, or that changes what characters are.
fn check_flags(ast: &Ast) -> Result<(), ast::Span> {
    let check = |flags: &ast::Flags| {
        let known = |flag: &Flag| {
            matches!(
                flag,
                Flag::CaseInsensitive | Flag::MultiLine | Flag::DotMatchesNewLine | Flag::SwapGreed
            )
        };
        let bad = flags.items.iter().find(|item| matches!(&item.kind, FlagsItemKind::Flag(f) if !known(f)));
        bad.map_or(Ok(()), |item| Err(item.span))
    };
    match ast {
        Ast::Flags(flags) => check(&flags.flags),
        // The only such group that the translation writes is around a word boundary.
        Ast::Group(group) if matches!(*group.ast, Ast::Assertion(_)) => Ok(()),
        Ast::Group(group) => {
            group.flags().map_or(Ok(()), check)?;
            check_flags(&group.ast)
        }
        Ast::Repetition(repetition) => check_flags(&repetition.ast),
        Ast::Alternation(alternation) => alternation.asts.iter().try_for_each(check_flags),
        Ast::Concat(concat) => concat.asts.iter().try_for_each(check_flags),
        _ => Ok(()),
    }
}

/// About how many states an automaton of the expression has.
fn parts(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(_)) => 1,
        HirKind::Class(Class::Unicode(class)) if class.is_ascii() => 1,
        HirKind::Class(Class::Unicode(class)) => 4 + class.ranges().len(),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            parts(&repetition.sub).saturating_mul(usize::try_from(times).unwrap_or(usize::MAX))
        }
        HirKind::Capture(capture) => parts(&capture.sub),
        HirKind::Concat(all) | HirKind::Alternation(all) => {
            all.iter().map(parts).fold(1, usize::saturating_add)
        }
    }
}

fn has_word(ast: &Ast, words: &[String]) -> bool {
    match ast {
        Ast::Group(group) => has_word(&group.ast, words),
        Ast::Alternation(alternation) => alternation.asts.iter().all(|a| has_word(a, words)),
        Ast::Repetition(repetition) => {
            let optional = match &repetition.op.kind {
                ast::RepetitionKind::ZeroOrOne | ast::RepetitionKind::ZeroOrMore => true,
                ast::RepetitionKind::OneOrMore => false,
                ast::RepetitionKind::Range(range) => matches!(
                    range,
                    ast::RepetitionRange::Exactly(0)
                        | ast::RepetitionRange::AtLeast(0)
                        | ast::RepetitionRange::Bounded(0, _)
                ),
            };
            !optional && has_word(&repetition.ast, words)
        }
        Ast::Literal(_) | Ast::Concat(_) => {
            let mut stretches = vec![String::new()];
            stretch(ast, &mut stretches);
            let is_in = |text: &String| words.iter().any(|word| text.contains(word.as_str()));
            stretches.iter().any(is_in)
                || matches!(ast, Ast::Concat(concat) if concat.asts.iter().any(|a| !matches!(a, Ast::Literal(_)) && has_word(a, words)))
        }
        _ => false,
    }
}

/// Adds the plain characters of an expression, in lower case, to the last stretch; whatever else there is begins a new one.
fn stretch(ast: &Ast, stretches: &mut Vec<String>) {
    match ast {
        Ast::Literal(literal) => {
            if let Some(last) = stretches.last_mut() {
                last.extend(literal.c.to_lowercase());
            }
        }
        Ast::Concat(concat) => concat.asts.iter().for_each(|a| stretch(a, stretches)),
        Ast::Group(group) => stretch(&group.ast, stretches),
        Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) => {}
        _ => stretches.push(String::new()),
    }
}
