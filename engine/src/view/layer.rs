//! One text made of another by undoing one kind of disguise, piece by piece.
//!
//! Where nothing is disguised the layer has no text of its own: it says what the text below says, with its offsets
//! shifted. Around changes it keeps its own text, which is copied but for the changes. Anchors are not looked for again
//! where nothing changed near them: they are taken over from below, and only around changes the filter is asked anew. And
//! of those only the ones are followed from which a match may touch a change.

mod runs;

use std::ops::{Range, RangeInclusive};

use crate::anchor::MAX_APART;
use crate::anchor::hash::LONG_KEY;
use crate::cache::{Scratch, recycled};
use crate::database::Program;
use crate::reading::{Candidates, Found, Kept, MOST_ENDS, Reading, Window};
use crate::view::fold::{self, Folded, Scalar};
use crate::view::joint::{self, Glue, Strings};
use crate::view::offsets::{Change, Inside, OffsetMap};
use crate::view::run::MAX_PIECE;
use crate::view::run::reader::Runs;
use crate::view::token::{self, MAX_TOKEN, Token};
use crate::view::{BEYOND_ASCII, Kind, MAX_EXTENT, REWRITES, TOWER, View};

/// What a layer undoes.
#[derive(Clone, Debug)]
pub(crate) enum Undo {
    Tokens,
    /// Runs: anywhere, or only in what runs below stand for.
    Runs {
        runs: Box<Runs>,
        where_from: Source,
    },
    Fold(fold::State),
    Joints {
        strings: Strings,
        glue: Glue,
    },
}

/// In which part of the text below runs are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    All,
    /// In what runs stand for.
    Decoded,
    /// The same, but only to see whether there are any.
    TooDeep,
}

/// The state of one layer.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    undo: Undo,
    /// How many layers stand on this one: each of them needs a little more to be kept.
    above: u64,
    /// The text below has been taken over up to here.
    taken: u64,
    /// An incomplete token begins at `taken`.
    incomplete: bool,
    /// Offset of the end of what this layer says so far.
    end: u64,
    /// `None` where it says what the text below says.
    own: Option<Own>,
    /// An empty text for when it has one of its own again.
    spare: Own,
    map: OffsetMap,
    /// Of the changes, those from here on are new.
    fresh: usize,
    /// There are runs in it that are not read any more.
    too_deep: bool,
    /// And some that were not unpacked to their end.
    too_much: bool,
    /// What the layer above still needs of this one's text.
    needed_above: u64,
    reading: Reading,
}

/// The text of a layer as far as it is still needed.
#[derive(Clone, Debug, Default)]
struct Own {
    text: Vec<u8>,
    /// Offset of `text` in the layer.
    base: u64,
    /// The anchors in it.
    found: Vec<Found>,
}

/// A text at some height, with the anchors in it.
#[derive(Clone, Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) window: Window<'a>,
    pub(crate) candidates: Candidates<'a>,
    /// Whether it differs from the text below it.
    pub(crate) differs: bool,
    /// Where it says what the last runs below stand for, as far back as anybody asks; the last stretch may still grow.
    pub(crate) decoded: Vec<Range<u64>>,
}

/// A match of a layer, in offsets of the text below it.
#[derive(Clone, Debug)]
pub(crate) struct LayerMatch {
    pub(crate) rule: u32,
    pub(crate) below: Range<u64>,
    /// What the layer says there, cut at [`MATCHED`](crate::finding::MATCHED) bytes.
    pub(crate) text: Vec<u8>,
}

/// What reading a layer needs from outside.
pub(crate) struct Context<'a> {
    pub(crate) program: &'a Program,
    pub(crate) scratch: &'a mut Scratch,
}

/// How far behind its end the text may say whether a filter reports an anchor that a match needs: what stands before the
/// next word, and the key of that.
///
/// A filter looks at the next word however far away it is. But where it is farther no match has it as its next word, so it
/// does not matter whether the anchor is found.
pub(crate) const AHEAD: u64 = AHEAD_BYTES as u64;
const AHEAD_BYTES: usize = MAX_APART + LONG_KEY;

/// Bytes on either side of an anchor that belong to the comparison.
const EDGE: u64 = EDGE_BYTES as u64;
const EDGE_BYTES: usize = 4;

/// Changes that are no farther from each other than this are looked around at once.
const GAP: u64 = 64;

impl Undo {
    /// The same before the first byte.
    fn reset(self) -> Undo {
        match self {
            Undo::Tokens => Undo::Tokens,
            Undo::Runs { mut runs, where_from } => {
                *runs = Runs::default();
                Undo::Runs { runs, where_from }
            }
            Undo::Fold(_) => Undo::Fold(fold::State::default()),
            Undo::Joints { glue, .. } => Undo::Joints { strings: Strings::default(), glue },
        }
    }
}

impl Layer {
    /// A layer of a kind, with so many others above it.
    pub(crate) fn new(kind: Kind, above: usize) -> Layer {
        let runs = |where_from| Undo::Runs { runs: Box::<Runs>::default(), where_from };
        let undo = match kind {
            Kind::Tokens => Undo::Tokens,
            Kind::Runs => runs(Source::All),
            Kind::RunsInRuns => runs(Source::Decoded),
            Kind::TooDeep => runs(Source::TooDeep),
            Kind::Fold => Undo::Fold(fold::State::default()),
            Kind::Joints(glue) => Undo::Joints { strings: Strings::default(), glue },
        };
        Layer::undoing(undo, above as u64)
    }

    fn undoing(undo: Undo, above: u64) -> Layer {
        Layer {
            undo,
            above,
            taken: 0,
            incomplete: false,
            end: 0,
            own: None,
            spare: Own::default(),
            map: OffsetMap::default(),
            fresh: 0,
            too_deep: false,
            too_much: false,
            needed_above: u64::MAX,
            reading: Reading::default(),
        }
    }

    /// Begins another text, with the room in memory that this one took.
    pub(crate) fn reset(&mut self) {
        let undo = std::mem::replace(&mut self.undo, Undo::Tokens).reset();
        let old = std::mem::replace(self, Layer::undoing(undo, self.above));
        self.spare = old.own.unwrap_or(old.spare).recycled();
        self.map = OffsetMap::recycled(old.map);
        self.reading = Reading::recycled(old.reading);
    }

    /// Takes over what is new in the text below, and reads it.
    pub(crate) fn read<'a>(
        &'a mut self,
        below: Stage<'a>,
        active: &[bool],
        context: &mut Context<'_>,
        found: &mut Vec<LayerMatch>,
    ) -> Stage<'a> {
        self.drop_own(below.window, context.program);
        let before = self.end;
        self.fresh = self.map.len();
        self.take(&below, context);
        if self.own.is_some() {
            self.look(before, &below, context);
        }
        let mut reading = std::mem::take(&mut self.reading);
        self.read_text(&mut reading, before, &below, active, context, found);
        self.reading = reading;
        self.stage(below)
    }

    /// Follows the anchors that a change is near to, and notes what was found.
    fn read_text(
        &self,
        reading: &mut Reading,
        before: u64,
        below: &Stage<'_>,
        active: &[bool],
        context: &mut Context<'_>,
        found: &mut Vec<LayerMatch>,
    ) {
        let (window, mut candidates) = self.says(below);
        // What is new, and what a new change is near to. Without a text of its own no change is near to anything.
        candidates.from = before.saturating_sub(1);
        if let Some(change) = self.map.change(self.fresh) {
            let near = change.view.start.saturating_sub(context.program.near.most() + AHEAD);
            candidates.from = near.min(candidates.from);
        }
        candidates.found = self.own.as_ref().map_or(&[], |own| Found::from(&own.found, candidates.from));
        let mut kept: Vec<Kept> = Vec::new();
        let map = Some(&self.map);
        let program = context.program;
        reading.read((program, active), context.scratch, window, candidates, map, &mut kept);
        for Kept { rule, span } in kept {
            let text = &window.bytes[window.index(span.start)..window.index(span.end)];
            let text = text[..text.len().min(crate::finding::MATCHED)].to_vec();
            found.push(LayerMatch { rule, below: self.map.original(&span), text });
        }
    }

    /// The changes since the last call, as the original bytes from the start of a match that ends in one to its end.
    pub(crate) fn fresh_extents(&self, program: &Program) -> impl Iterator<Item = Range<u64>> {
        (self.fresh.saturating_sub(1)..self.map.len()).filter_map(move |i| self.extent(i, program))
    }

    /// The bytes that all of these lie in.
    pub(crate) fn fresh_hull(&self, program: &Program) -> Option<Range<u64>> {
        let first = self.extent(self.fresh.saturating_sub(1), program)?;
        let last = self.map.last()?;
        Some(first.start..last.original.end)
    }

    fn extent(&self, change: usize, program: &Program) -> Option<Range<u64>> {
        let change = self.map.change(change)?;
        let start = change.view.end.saturating_sub(program.reach);
        Some(self.map.original_start(start)..change.original.end)
    }

    /// What the layer's text is as a view of its own, in whatever tower.
    pub(crate) fn view(&self) -> View {
        // Runs are read in the layers that have fewer above them than the first of those.
        let first = TOWER.iter().position(|k| *k == Kind::Runs).map_or(0, |i| TOWER.len() - i - 1);
        match self.undo {
            Undo::Fold(_) => View::Folded,
            _ if self.above <= first as u64 => View::Unpacked,
            _ => View::Decoded,
        }
    }

    pub(crate) fn map(&self) -> &OffsetMap {
        &self.map
    }

    /// The lowest start, in the text below, of a match of the layer that is not yet known.
    pub(crate) fn undecided_from(&self, program: &Program) -> u64 {
        let from = self.map.original_start(self.reading.undecided_from(program).min(self.end));
        if self.incomplete { from.min(self.taken.saturating_sub(program.reach + program.lead)) } else { from }
    }

    /// The first byte of the text below that must still be there when it goes on.
    pub(crate) fn needs_from(&self, program: &Program, needed_above: u64) -> u64 {
        let again = self.taken.saturating_sub(self.keep(program));
        match self.own {
            Some(_) => again,
            None => again.min(self.map.original_start(self.needed(program, needed_above).min(self.end))),
        }
    }

    /// Forgets what neither this layer nor one above needs: `needed_above` is of the text, `mapped_above` of the map.
    /// Gives the same for the layer below.
    pub(crate) fn forget(&mut self, program: &Program, needed_above: u64, mapped_above: u64) -> (u64, u64) {
        self.needed_above = needed_above;
        let needed = self.needed(program, needed_above);
        let keep = self.keep(program);
        if let Some(own) = &mut self.own {
            let drop = usize::try_from(needed.saturating_sub(own.base)).expect("a layer's text is in memory");
            // Not at every little piece.
            if drop >= own.text.len() / 2 || drop >= 4096 {
                own.text.drain(..drop);
                own.base += drop as u64;
                let old = own.found.partition_point(|f| f.last_end < own.base);
                own.found.drain(..old);
            }
        }
        // Farther back no match can begin that is not too long.
        let mapped = mapped_above.min(needed).max(self.end.saturating_sub(4 * MAX_EXTENT));
        self.map.forget_before(mapped.min(self.end.saturating_sub(keep)));
        (self.needs_from(program, needed_above), self.map.original_start(mapped.min(self.end)))
    }

    /// Takes over what was settled when the text was judged as if it ended here.
    pub(crate) fn adopt(&mut self, judged: Layer) {
        self.reading.adopt(judged.reading, self.end);
        self.too_deep |= judged.too_deep;
        self.too_much |= judged.too_much;
    }

    fn needed(&self, program: &Program, needed_above: u64) -> u64 {
        self.reading.needs_from(program).min(needed_above).min(self.end.saturating_sub(self.keep(program)))
    }

    /// How far back the text is kept: as far as a change that is still to come leads back to an anchor and its match.
    fn keep(&self, program: &Program) -> u64 {
        program.keep() + self.above * (MAX_PIECE as u64 + AHEAD)
    }

    /// Falls back on the text below, if that says the same as far back as it is needed.
    fn drop_own(&mut self, below: Window<'_>, program: &Program) {
        if self.own.is_none() {
            return;
        }
        let needed = self.needed(program, self.needed_above);
        let same = self.map.last().is_none_or(|c| c.view.end < needed);
        if same && self.map.original_start(needed.min(self.end)) >= below.base {
            self.spare = self.own.take().unwrap_or_default().recycled();
        }
    }

    /// What must be added to an offset of the text below, modulo 2^64, behind the last change.
    fn shift(&self) -> u64 {
        self.end.wrapping_sub(self.taken)
    }

    /// Takes over new bytes of the text below, with changes.
    fn take(&mut self, below: &Stage<'_>, context: &mut Context<'_>) {
        let mut from = below.window.index(self.taken);
        self.incomplete = false;
        if matches!(self.undo, Undo::Runs { .. }) {
            let stop = self.take_runs(below, context);
            self.copy_to(stop, below.window);
            return;
        }
        if let Undo::Joints { mut strings, glue } = self.undo {
            let stop = self.take_joints(below, &mut strings, glue);
            self.undo = Undo::Joints { strings, glue };
            self.copy_to(stop, below.window);
            return;
        }
        let classes = if matches!(self.undo, Undo::Tokens) { REWRITES } else { BEYOND_ASCII };
        // A token that is new in a text has a changed byte in it or beside it. Where none is changed, only the end may
        // hold one: a token that a change still to come makes whole.
        if matches!(self.undo, Undo::Tokens) && !below.differs {
            from = from.max(below.window.bytes.len().saturating_sub(MAX_TOKEN));
        }
        let mut masks = std::mem::take(&mut context.scratch.masks);
        let new = &below.window.bytes[from..];
        // PERF: most texts are ASCII, and that is told faster than where they are not.
        let any = (classes != BEYOND_ASCII || !new.is_ascii())
            && context.program.triggers.mark(new, [classes], &mut masks);
        let stop = if !any {
            below.window.bytes.len()
        } else {
            let mut triggers = Triggers { masks: masks.as_flattened(), from };
            match self.undo {
                Undo::Tokens | Undo::Runs { .. } | Undo::Joints { .. } => {
                    self.take_tokens(below, &mut triggers)
                }
                Undo::Fold(mut state) => {
                    let stop = self.take_folded(below, &mut triggers, &mut state);
                    self.undo = Undo::Fold(state);
                    stop
                }
            }
        };
        self.copy_to(stop, below.window);
        context.scratch.masks = masks;
    }

    /// Undoes the tokens in what is new; gives the index up to which that was possible.
    fn take_tokens(&mut self, below: &Stage<'_>, triggers: &mut Triggers<'_>) -> usize {
        let bytes = below.window.bytes;
        let mut from = triggers.from;
        while let Some(at) = triggers.next(from) {
            if token::is_in_name(bytes, at) {
                from = at + 1;
                continue;
            }
            let complete = below.window.complete;
            match if complete { token::read_last(bytes, at) } else { token::read(bytes, at) } {
                Token::Change { length, text } => {
                    self.change(
                        at..at + length,
                        (text.as_bytes(), Inside::Token),
                        below.window,
                        &below.candidates,
                    );
                    from = at + length;
                }
                Token::Incomplete => {
                    self.incomplete = true;
                    return at;
                }
                Token::Plain => from = at + 1,
            }
        }
        bytes.len()
    }

    /// Puts the strings in what is new together; gives the index up to which that was possible.
    fn take_joints(&mut self, below: &Stage<'_>, strings: &mut Strings, glue: Glue) -> usize {
        let window = below.window;
        let mut at = window.index(self.taken);
        while at < window.bytes.len() {
            match strings.step(window.bytes, at, window.complete) {
                joint::Step::Plain(next) => at = next,
                joint::Step::Joint(from, to) => {
                    self.change(from..to, (glue.text(), Inside::Token), window, &below.candidates);
                    at = to;
                }
                joint::Step::Keys(from, to) => {
                    self.change(from..to, (joint::OPENED, Inside::Token), window, &below.candidates);
                    at = to;
                }
                joint::Step::Incomplete(next) => {
                    self.incomplete = true;
                    return next;
                }
            }
        }
        at
    }

    /// Folds what is new; gives the index up to which that was possible.
    fn take_folded(
        &mut self,
        below: &Stage<'_>,
        triggers: &mut Triggers<'_>,
        state: &mut fold::State,
    ) -> usize {
        let bytes = below.window.bytes;
        let mut at = triggers.from;
        while let Some(next) = triggers.next(at) {
            at = next;
            if let Some(&before) = at.checked_sub(1).and_then(|i| bytes.get(i)).filter(|b| b.is_ascii()) {
                *state = fold::State::behind_ascii(before);
            }
            while bytes.get(at).is_some_and(|b| !b.is_ascii()) {
                match fold::scalar(&bytes[at..]) {
                    Scalar::Value(c, length) => {
                        if let Folded::To(text) = state.fold(c) {
                            self.change(
                                at..at + length,
                                (text, Inside::Token),
                                below.window,
                                &below.candidates,
                            );
                        }
                        at += length;
                    }
                    Scalar::Incomplete if !below.window.complete => {
                        self.incomplete = true;
                        return at;
                    }
                    Scalar::None | Scalar::Incomplete => {
                        *state = fold::State::behind_noise();
                        at += 1;
                    }
                }
            }
        }
        bytes.len()
    }

    /// Bytes of the text below that stand for others.
    fn change(
        &mut self,
        place: Range<usize>,
        (text, inside): (&[u8], Inside),
        below: Window<'_>,
        candidates: &Candidates<'_>,
    ) {
        if self.own.is_none() {
            let spare = std::mem::take(&mut self.spare);
            self.own = Some(self.copy_of(below, *candidates, spare));
        }
        self.copy_to(place.start, below);
        let original = self.taken..below.base + place.end as u64;
        if let Some(own) = &mut self.own {
            own.text.extend_from_slice(text);
        }
        let start = self.end;
        self.end += text.len() as u64;
        self.taken = original.end;
        self.map.push(Change { view: start..self.end, original, inside });
    }

    /// What the text below says, which goes back as far as anybody needs it.
    fn copy_of(
        &self,
        below: Window<'_>,
        candidates: Candidates<'_>,
        Own { mut text, mut found, .. }: Own,
    ) -> Own {
        let (window, candidates) = self.shifted(below, candidates);
        let base = window.base;
        text.extend_from_slice(window.bytes);
        // An entry with many ends may lie across either edge.
        let shifted = |f: &Found| Found {
            first_end: f.first_end.wrapping_add(candidates.shift).max(base + 1),
            last_end: f.last_end.wrapping_add(candidates.shift).min(self.end),
            anchor: f.anchor,
        };
        let all = candidates.found.iter().map(shifted);
        found.extend(all.filter(|f| f.first_end <= f.last_end));
        Own { text, base, found }
    }

    /// Takes over unchanged bytes up to an index of the text below.
    fn copy_to(&mut self, to: usize, below: Window<'_>) {
        let from = below.index(self.taken);
        if let Some(own) = &mut self.own {
            own.text.extend_from_slice(&below.bytes[from..to]);
        }
        self.taken += (to - from) as u64;
        self.end += (to - from) as u64;
    }

    /// What this layer says.
    fn stage<'a>(&'a self, below: Stage<'a>) -> Stage<'a> {
        let (window, candidates) = self.says(&below);
        let (differs, decoded) = match &self.undo {
            // A token that the last pass left is as new to the next one as what a run stands for.
            Undo::Runs { .. } => (self.own.is_some() || below.differs, self.map.stretches()),
            // Above them the tokens of the text itself are undone, too, and nobody has looked for these yet.
            Undo::Joints { .. } => (true, self.mapped(below.decoded)),
            _ => (self.own.is_some(), self.mapped(below.decoded)),
        };
        Stage { window, candidates, differs, decoded }
    }

    fn says<'a>(&'a self, below: &Stage<'a>) -> (Window<'a>, Candidates<'a>) {
        match &self.own {
            Some(own) => {
                // Up to the end of the text no token is incomplete.
                let window = Window { bytes: &own.text, base: own.base, complete: below.window.complete };
                (window, Candidates { found: &own.found, shift: 0, from: 0 })
            }
            None => self.shifted(below.window, below.candidates),
        }
    }

    /// The text below as far as nothing changed in it, with the offsets of this layer.
    fn shifted<'a>(&self, below: Window<'a>, candidates: Candidates<'a>) -> (Window<'a>, Candidates<'a>) {
        // Before the last change the offsets are shifted by something else.
        let from = below.base.max(self.map.last().map_or(0, |c| c.original.end));
        let bytes = &below.bytes[below.index(from)..below.index(self.taken)];
        let window = Window { bytes, base: from.wrapping_add(self.shift()), complete: below.complete };
        let Candidates { found, shift, .. } = candidates;
        let old =
            found.partition_point(|f| f.first_end.wrapping_add(shift).wrapping_add(MOST_ENDS) <= from + 1);
        (window, Candidates { found: &found[old..], shift: shift.wrapping_add(self.shift()), from: 0 })
    }

    /// Whether runs were left because they lie too deep, and whether because more was packed than may be unpacked.
    pub(crate) fn hit(&self) -> (bool, bool) {
        (self.too_deep, self.too_much)
    }

    /// Finds the anchors of what is new, `before` being where it begins: around changes with the filter, and between them
    /// those of the text below.
    fn look(&mut self, before: u64, below: &Stage<'_>, context: &mut Context<'_>) {
        let longest = context.program.longest_anchor as u64;
        let Some(own) = &mut self.own else { return };
        // What was found at the end of the old text depends on what is new, and on a new change what it may concern. All else
        // stays: it can't be taken over again, because what is removed may put it as far back below as the text is long.
        let mut least = before.saturating_sub(1);
        if let Some(change) = self.map.change(self.fresh) {
            least = least.min(own.affected_from(change.view.start));
        }
        let least = least.max(own.base + 1);
        own.found.truncate(own.found.partition_point(|f| f.first_end < least));
        let mut at = least;
        let mut i = self.map.first_ending_at(least.saturating_sub(longest + EDGE));
        while let Some(change) = self.map.change(i) {
            let first = own.affected_from(change.view.start).max(at);
            let mut last = change.view.end + longest + EDGE;
            i += 1;
            while let Some(next) = self.map.change(i).filter(|n| n.view.start <= last + GAP) {
                last = next.view.end + longest + EDGE;
                i += 1;
            }
            let last = last.min(self.end);
            if first > at {
                take_over(own, at..=first - 1, below.candidates, &self.map);
            }
            if first <= last {
                look_around(own, first..=last, longest, context);
            }
            at = at.max(last + 1);
        }
        if at <= self.end {
            take_over(own, at..=self.end, below.candidates, &self.map);
        }
    }
}

impl Own {
    /// The first end of an anchor that a change at `at` may concern: that of the word before the one that the change may be
    /// a part of, or the one that comes next for it.
    fn affected_from(&self, at: u64) -> u64 {
        // A change that was dropped with the text around it concerns what comes behind.
        let at = usize::try_from(at.saturating_sub(self.base)).expect("a layer's text is in memory");
        let least = at.saturating_sub(AHEAD_BYTES);
        let before = &self.text[least..at];
        let word = before.iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
        let gap =
            before[..before.len() - word].iter().rev().take_while(|b| !b.is_ascii_alphanumeric()).count();
        self.base + (at - word - gap) as u64
    }

    /// How far the text must be there for all to be known of an anchor that ends at `end` or before.
    fn next_word_behind(&self, end: usize) -> usize {
        let behind = &self.text[end..self.text.len().min(end + AHEAD_BYTES + EDGE_BYTES)];
        let word = behind.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let gap = behind[word..].iter().take_while(|b| !b.is_ascii_alphanumeric()).count();
        (end + word.max(EDGE_BYTES) + gap + LONG_KEY + 1).min(self.text.len())
    }

    fn recycled(self) -> Own {
        Own { text: recycled(self.text), base: 0, found: recycled(self.found) }
    }
}

/// Takes the anchors over that end in `ends`, where nothing changed.
fn take_over(own: &mut Own, ends: RangeInclusive<u64>, below: Candidates<'_>, map: &OffsetMap) {
    let (first, last) = ends.into_inner();
    // The byte before an end has a place below, the end itself may be that of the text.
    let behind = map.original_start(last - 1) + 1;
    let shift = below.shift.wrapping_add(last.wrapping_sub(behind));
    // Compared below, where the offsets of all entries are what they are.
    let (first, last) = (first.wrapping_sub(shift), last.wrapping_sub(shift));
    for found in Found::from(below.found, first) {
        if found.first_end > last {
            break;
        }
        if found.last_end >= first {
            let (first_end, last_end) = (found.first_end.max(first), found.last_end.min(last));
            own.found.push(Found {
                first_end: first_end.wrapping_add(shift),
                last_end: last_end.wrapping_add(shift),
                anchor: found.anchor,
            });
        }
    }
}

/// Finds the anchors that end in `ends` with the filter.
fn look_around(own: &mut Own, ends: RangeInclusive<u64>, longest: u64, context: &mut Context<'_>) {
    let index = |offset: u64| usize::try_from(offset - own.base).expect("a layer's text is in memory");
    let from = index(ends.start().saturating_sub(longest + EDGE).max(own.base));
    let to = own.next_word_behind(index(*ends.end()));
    let candidates = context.scratch.find(context.program, &own.text[..to], from, index(*ends.end()));
    let old = own.found.len();
    Found::add(&mut own.found, candidates, own.base, ends);
    own.found[old..].sort_unstable();
}

/// The places of trigger bytes, in order.
struct Triggers<'a> {
    masks: &'a [u64],
    /// The index that the first mask begins at.
    from: usize,
}

impl Triggers<'_> {
    /// The first trigger at `at` or behind it.
    #[inline]
    fn next(&mut self, at: usize) -> Option<usize> {
        let offset = at - self.from;
        let mut block = offset / 64;
        let mut mask = self.masks.get(block)? & u64::MAX << (offset % 64);
        while mask == 0 {
            block += 1;
            mask = *self.masks.get(block)?;
        }
        Some(self.from + block * 64 + mask.trailing_zeros() as usize)
    }
}
