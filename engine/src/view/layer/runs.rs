//! A layer that reads the runs in the text below it.
//!
//! The first such layer looks everywhere. The next ones look only where the one before read a run, in the stretches of its
//! text that runs stand for: so they cost nothing where there are none, and whether a run is found does not depend on which
//! part of an unchanged text was looked at again.

use std::ops::Range;

use super::{Context, Layer, Source, Stage, Undo};
use crate::view::run::place::Stretch;
use crate::view::run::reader::Step;

impl Layer {
    /// Reads the runs in what is new; gives the index up to which that was possible.
    pub(super) fn take_runs(&mut self, below: &Stage<'_>, context: &mut Context<'_>) -> usize {
        let (mut runs, where_from) = match std::mem::replace(&mut self.undo, Undo::Tokens) {
            Undo::Runs { runs, where_from } => (runs, where_from),
            other => {
                self.undo = other;
                return below.window.index(self.taken);
            }
        };
        let Stage { window, candidates, decoded, .. } = below;
        let all = window.base..window.end();
        let stretches = if where_from == Source::All { std::slice::from_ref(&all) } else { decoded };
        let mut stop = window.bytes.len();
        let mut text = std::mem::take(&mut context.scratch.decoded);
        let mut places = std::mem::take(&mut context.scratch.places);
        for stretch in stretches {
            if stretch.end < self.taken || stretch.end <= window.base {
                continue;
            }
            // What ends before the text does has an end of its own.
            let complete = window.complete || stretch.end < window.end();
            let end = window.index(stretch.end.min(window.end()));
            if where_from != Source::All && stretch.start >= self.taken {
                runs.begin();
            }
            let mut at = window.index(self.taken.max(stretch.start).max(window.base));
            let begin = window.index(stretch.start.max(window.base));
            let input = Stretch { begin, bytes: &window.bytes[..end], base: window.base, complete };
            context.program.finder.mark(input.bytes, at, &mut places);
            while at < end {
                text.clear();
                match runs.step(input, at, &mut places, &mut text) {
                    Step::Plain(next) => at = next,
                    Step::Change(next, inside) => {
                        if where_from == Source::TooDeep {
                            self.too_deep = true;
                        } else {
                            self.change(at..next, (&text, inside), *window, candidates);
                        }
                        at = next;
                    }
                    Step::Incomplete(next) => {
                        self.incomplete = true;
                        stop = next;
                        break;
                    }
                }
            }
            if self.incomplete {
                break;
            }
        }
        context.scratch.decoded = text;
        context.scratch.places = places;
        self.too_much |= runs.spent();
        self.undo = Undo::Runs { runs, where_from };
        stop
    }

    /// Stretches of the text below as those of this one.
    pub(super) fn mapped(&self, below: Vec<Range<u64>>) -> Vec<Range<u64>> {
        let mut stretches: Vec<Range<u64>> = Vec::with_capacity(below.len());
        for stretch in below.into_iter().filter(|s| s.start < self.taken) {
            let (start, end) =
                (self.map.view_start(stretch.start), self.map.view_end(stretch.end.min(self.taken)));
            match stretches.last_mut() {
                Some(last) if last.end >= start => last.end = last.end.max(end),
                _ => stretches.push(start..end),
            }
        }
        stretches
    }
}
