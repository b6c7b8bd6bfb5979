//! The rules' dialect of regular expressions: `regex-syntax` without Unicode mode, where a space is a run of white
//! space.

use regex_syntax::ast::{self, Ast};
use regex_syntax::hir::translate::TranslatorBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::error::{BuildErrorKind, PatternError};
use crate::rule::On;
use crate::view::fold;

/// What a space in a pattern means: a run of white space, or a line break with the prefixes that quoting mail
/// clients, comment styles and lists put at the start of a line. At most 17 bytes.
const SPACE: &str =
    r"(?:[ \t\r\n\x0b\x0c]{1,8}|[ \t\r]{0,2}\n[ \t\r\n]{0,4}(?:[>#*/;|%+\-]{1,3}[ \t]{0,2}){1,2})";

/// Reads a regular expression.
pub(crate) fn parse(text: &str, on: On) -> Result<Hir, PatternError> {
    let mut ast = ast::parse::ParserBuilder::new()
        .nest_limit(64)
        .build()
        .parse(text)
        .map_err(|e| syntax_error(&e.kind().to_string(), e.span()))?;
    check_flags(&ast)?;
    if on == On::Text {
        fold_letters(&mut ast, &mut fold::State::default());
    }
    if on != On::Raw {
        let space = ast::parse::Parser::new().parse(SPACE).expect("the expression for a space is valid");
        widen_spaces(&mut ast, &space);
    }
    let hir = TranslatorBuilder::new()
        .utf8(false)
        .unicode(false)
        .dot_matches_new_line(true)
        .multi_line(true)
        .case_insensitive(on == On::Text)
        .build()
        .translate(text, &ast)
        .map_err(|e| {
            let mut error = syntax_error(&e.kind().to_string(), e.span());
            if matches!(e.kind(), regex_syntax::hir::ErrorKind::UnicodeNotAllowed) {
                error.help =
                    "patterns see bytes: write non-ASCII letters as alternatives, `(?:é|è)`".to_string();
            }
            error
        })?;
    let looks = hir.properties().look_set();
    if looks.contains(Look::Start) || looks.contains(Look::End) {
        return Err(PatternError::new(
            BuildErrorKind::Lookaround,
            "`\\A` and `\\z` tie a pattern to the edge of the input, which a stream does not have",
            "use `^` and `$`, which mean the edges of a line, or `\\b`",
        ));
    }
    Ok(hir)
}

/// A regular expression that matches `text` itself; spaces stay spaces, and so mean what a space means.
pub(crate) fn escape_literal(text: &str) -> String {
    regex_syntax::escape(text)
}

/// Whether the last thing in the expression is a repetition of almost any byte, of no fixed length.
pub(crate) fn has_open_tail(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Concat(parts) => {
            parts.iter().rev().find(|p| p.properties().maximum_len() != Some(0)).is_some_and(has_open_tail)
        }
        HirKind::Alternation(branches) => branches.iter().any(has_open_tail),
        HirKind::Capture(capture) => has_open_tail(&capture.sub),
        HirKind::Repetition(repetition) => {
            repetition.max != Some(repetition.min) && {
                match repetition.sub.kind() {
                    HirKind::Class(Class::Bytes(class)) => {
                        class.ranges().iter().map(|r| usize::from(r.end() - r.start()) + 1).sum::<usize>()
                            > 100
                    }
                    _ => has_open_tail(&repetition.sub),
                }
            }
        }
        _ => false,
    }
}

fn syntax_error(message: &str, span: &ast::Span) -> PatternError {
    let lookaround = message.contains("look-around");
    let (kind, help) = if lookaround {
        (
            BuildErrorKind::Lookaround,
            "look-ahead and look-behind need unbounded memory in a stream: use `\\b`, or `unless` for exceptions",
        )
    } else {
        (BuildErrorKind::Syntax, "see the dialect in the schema of rule files")
    };
    let mut error = PatternError::new(kind, message, help);
    error.span = Some(span.start.offset..span.end.offset);
    error
}

/// Flags would change what the words of the schema mean.
fn check_flags(ast: &Ast) -> Result<(), PatternError> {
    let refuse = |span: &ast::Span| {
        let mut error = PatternError::new(
            BuildErrorKind::Syntax,
            "flags are not part of the dialect",
            "choose letter case with `on: text` or `on: exact`; `.` matches line breaks, `^` and `$` mean lines",
        );
        error.span = Some(span.start.offset..span.end.offset);
        Err(error)
    };
    match ast {
        Ast::Flags(flags) => refuse(&flags.span),
        Ast::Group(group) => {
            if group.flags().is_some_and(|f| !f.items.is_empty()) {
                return refuse(&group.span);
            }
            check_flags(&group.ast)
        }
        Ast::Repetition(repetition) => check_flags(&repetition.ast),
        Ast::Alternation(alternation) => alternation.asts.iter().try_for_each(check_flags),
        Ast::Concat(concat) => concat.asts.iter().try_for_each(check_flags),
        _ => Ok(()),
    }
}

/// Folds the letters beyond ASCII as the folded view does, so that a pattern says what a text in any dress becomes.
///
/// `state` is that behind the expression before this one.
fn fold_letters(ast: &mut Ast, state: &mut fold::State) {
    match ast {
        Ast::Literal(literal) if literal.kind == ast::LiteralKind::Verbatim => {
            let mut folded = String::new();
            fold::push(state, literal.c, &mut folded);
            let span = literal.span;
            let literal = |c| Ast::literal(ast::Literal { span, kind: ast::LiteralKind::Verbatim, c });
            let mut letters: Vec<Ast> = folded.chars().map(literal).collect();
            *ast = match letters.len() {
                0 => Ast::empty(span),
                1 => letters.remove(0),
                _ => Ast::concat(ast::Concat { span, asts: letters }),
            };
        }
        Ast::Concat(concat) => concat.asts.iter_mut().for_each(|a| fold_letters(a, state)),
        Ast::Group(group) => fold_letters(&mut group.ast, state),
        Ast::Repetition(repetition) => {
            fold_letters(&mut repetition.ast, state);
            *state = fold::State::default();
        }
        Ast::Alternation(alternation) => {
            for branch in &mut alternation.asts {
                fold_letters(branch, &mut state.clone());
            }
            *state = fold::State::default();
        }
        _ => *state = fold::State::default(),
    }
}

/// Replaces each plain space outside brackets by what a space means.
fn widen_spaces(ast: &mut Ast, space: &Ast) {
    match ast {
        Ast::Literal(literal) if literal.c == ' ' && literal.kind == ast::LiteralKind::Verbatim => {
            *ast = space.clone();
        }
        Ast::Group(group) => widen_spaces(&mut group.ast, space),
        Ast::Repetition(repetition) => widen_spaces(&mut repetition.ast, space),
        Ast::Alternation(alternation) => alternation.asts.iter_mut().for_each(|a| widen_spaces(a, space)),
        Ast::Concat(concat) => concat.asts.iter_mut().for_each(|a| widen_spaces(a, space)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn width(text: &str) -> Option<usize> {
        parse(text, On::Text).expect("valid").properties().maximum_len()
    }

    #[test]
    fn a_space_is_a_bounded_run_outside_brackets_and_raw_patterns() {
        assert_eq!(width("a b"), Some(19));
        assert_eq!(width("a[ ]b"), Some(3));
        assert_eq!(parse("a b", On::Raw).expect("valid").properties().maximum_len(), Some(3));
    }

    #[test]
    fn letters_are_folded_where_the_text_is() {
        let same = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|text| parse(text, On::Text).expect("valid"));
            assert_eq!(a, b);
        };
        same("пароль", "ПАРОЛЬ");
        same("(?:écrét|x)", "ecret|x");
        same("e\u{301}te\u{301}", "ete");
        same("ﬁ{2}", "(?:fi){2}");
        same("a\u{a0}b", "a b");
        assert_ne!(parse("é", On::Exact).expect("valid"), parse("e", On::Exact).expect("valid"));
    }

    #[test]
    fn edges_of_the_input_flags_and_lookaround_are_refused() {
        for (text, kind) in [
            (r"\Aabc", BuildErrorKind::Lookaround),
            (r"abc\z", BuildErrorKind::Lookaround),
            (r"abc(?=d)", BuildErrorKind::Lookaround),
            (r"(?i)abc", BuildErrorKind::Syntax),
            (r"(?s:abc)", BuildErrorKind::Syntax),
            (r"abc(", BuildErrorKind::Syntax),
            (r"[é]", BuildErrorKind::Syntax),
        ] {
            let error = parse(text, On::Text).expect_err(text);
            assert_eq!(error.kind, kind, "{text}: {}", error.message);
        }
    }

    #[test]
    fn open_tails_are_seen() {
        for (text, open) in
            [("abc.{0,9}", true), ("abc[^x]{0,9}", true), (r"abc\d{1,3}", false), ("abc.{3}", false)]
        {
            assert_eq!(has_open_tail(&parse(text, On::Text).expect("valid")), open, "{text}");
        }
    }
}
