//! A text in all its views: as it is, rewritten, with its runs read, and folded.
//!
//! The texts of a view stand on each other in a tower. The arguments of a tool call have two more towers, each on a text in
//! which the strings of a document are put together.
//!
//! Matches of a view wait until everything is known that could make them superfluous: a match of the same rule in an
//! earlier view that overlaps them in the original.

use std::ops::Range;

use crate::cache::{Scratch, recycled};
use crate::channel::Channel;
use crate::database::Program;
use crate::policy::OnChannel;
use crate::reading::{Candidates, Found, Kept, Reading, Window};
use crate::verdict::Limit;
use crate::view::joint::{self, Glue};
use crate::view::layer::{Context, Layer, LayerMatch, Stage};
use crate::view::run::MAX_PIECE;
use crate::view::{JOINTS, Kind, MAX_EXTENT, TOWER, View};

/// Layers of all towers.
const LAYERS: usize = TOWER.len() + JOINTS.len() * (1 + TOWER.len());

/// The state of one text in all its views; by default of none, without memory of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    reading: Reading,
    /// The anchors of the text itself.
    found: Vec<Found>,
    /// The first stands on the text itself, the others join strings first.
    towers: Vec<Tower>,
    /// So many of them are read; the others are kept for the next text.
    in_use: usize,
    /// Nothing but white space has been seen that would say whether the text is a document.
    undecided_document: bool,
    waiting: Vec<ViewMatch>,
    /// Matches that a match of a later view may still overlap.
    recent: Vec<Recent>,
    /// More of the original than a match may extend over stands for less of a view than a match can be long.
    too_long: bool,
}

/// Layers that stand on each other.
#[derive(Clone, Debug)]
struct Tower {
    layers: Vec<Layer>,
    /// How many layers the towers before have.
    before: usize,
}

/// A match of a view.
#[derive(Clone, Debug)]
pub(crate) struct ViewMatch {
    pub(crate) rule: u32,
    /// In the text itself.
    pub(crate) span: Range<u64>,
    /// What the view says there, cut at [`MATCHED`](crate::finding::MATCHED) bytes.
    pub(crate) text: Vec<u8>,
    height: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Recent {
    rule: u32,
    span: Range<u64>,
    height: usize,
}

impl ViewMatch {
    pub(crate) fn view(&self) -> View {
        match self.height {
            0 => View::Raw,
            height if height <= TOWER.len() => View::of(height - 1),
            _ => View::Joined,
        }
    }
}

impl Tower {
    fn new(joint: Option<Glue>, before: usize) -> Tower {
        let kinds = joint.map(Kind::Joints).into_iter().chain(TOWER);
        let above = TOWER.len() + usize::from(joint.is_some());
        let layers = kinds.enumerate().map(|(i, kind)| Layer::new(kind, above - i - 1)).collect();
        Tower { layers, before }
    }

    /// The bytes of the text itself, from those that a layer stands on.
    fn original(&self, layer: usize, below: &Range<u64>) -> Range<u64> {
        let maps = self.layers[..layer].iter().rev().map(Layer::map);
        maps.fold(below.clone(), |span, map| map.original(&span))
    }

    fn needs_from(&self, program: &Program) -> u64 {
        self.layers.iter().rev().fold(u64::MAX, |above, layer| layer.needs_from(program, above))
    }
}

impl Layers {
    /// Begins a text on a channel, with or without views, with the room in memory that the last one took.
    pub(crate) fn begin(mut self, channel: Channel, views: bool) -> Layers {
        let joints = if channel == Channel::ToolArgs && views { JOINTS.as_slice() } else { &[] };
        self.towers.iter_mut().flat_map(|tower| &mut tower.layers).for_each(Layer::reset);
        for tower in self.towers.len()..=joints.len() {
            self.towers.push(match tower.checked_sub(1) {
                None => Tower::new(None, 0),
                Some(i) => Tower::new(Some(joints[i]), TOWER.len() + i * (1 + TOWER.len())),
            });
        }
        Layers {
            reading: Reading::recycled(self.reading),
            found: recycled(self.found),
            undecided_document: !joints.is_empty(),
            towers: self.towers,
            in_use: if views { 1 + joints.len() } else { 0 },
            waiting: recycled(self.waiting),
            recent: recycled(self.recent),
            too_long: false,
        }
    }

    fn used(&self) -> &[Tower] {
        &self.towers[..self.in_use]
    }

    /// Whether no text has begun yet.
    pub(crate) fn is_idle(&self) -> bool {
        self.towers.is_empty()
    }

    /// Reads what is new in the window, in every view, and gives the matches that are certain.
    pub(crate) fn read(
        &mut self,
        (program, on): (&Program, &OnChannel),
        scratch: &mut Scratch,
        window: Window<'_>,
        settled: &mut Vec<ViewMatch>,
    ) {
        self.forget(program);
        self.read_raw((program, &on.active), scratch, window, settled);
        if self.undecided_document
            && let Some(is_document) = joint::is_document(window.bytes)
        {
            self.undecided_document = false;
            self.in_use = if is_document { self.in_use } else { self.in_use.min(1) };
        }
        let candidates = Candidates { found: &self.found, shift: 0, from: 0 };
        let mut context = Context { program, scratch };
        let mut of_layer = Vec::new();
        for tower in &mut self.towers[..self.in_use] {
            let mut stage = Stage { window, candidates, differs: true, decoded: Vec::new() };
            let mut found: Vec<(usize, LayerMatch)> = Vec::new();
            for (i, layer) in tower.layers.iter_mut().enumerate() {
                let active = match layer.view() {
                    View::Folded => &on.folded,
                    View::Unpacked => &on.unpacked,
                    _ => &on.active,
                };
                stage = layer.read(stage, active, &mut context, &mut of_layer);
                found.extend(of_layer.drain(..).map(|m| (i, m)));
            }
            for (i, LayerMatch { rule, below, text }) in found {
                let span = tower.original(i, &below);
                if span.end - span.start <= MAX_EXTENT {
                    self.waiting.push(ViewMatch { rule, span, text, height: tower.before + i + 1 });
                }
            }
        }
        self.measure(program);
        self.settle(program, window.complete, settled);
    }

    /// Whether a limit was hit: a view is so much shorter than the text that a match would extend too far.
    pub(crate) fn too_long(&self) -> bool {
        self.too_long
    }

    /// The limits that were hit.
    pub(crate) fn limits(&self) -> Vec<Limit> {
        let mut limits = Vec::new();
        if self.too_long {
            limits.push(Limit::Extent);
        }
        for (too_deep, spent) in self.used().iter().flat_map(|t| &t.layers).map(Layer::hit) {
            limits.extend(too_deep.then_some(Limit::Depth));
            limits.extend(spent.then_some(Limit::Decoded));
        }
        limits
    }

    /// The lowest start of a match that has not been given yet, if there is one.
    pub(crate) fn settled_to(&self, program: &Program) -> u64 {
        let waiting = self.waiting.iter().map(|m| m.span.start);
        waiting.fold(self.undecided_from(program)[LAYERS], u64::min)
    }

    /// The first byte that must still be there when the text goes on.
    pub(crate) fn needs_from(&self, program: &Program) -> u64 {
        let towers = self.used().iter().map(|tower| tower.needs_from(program));
        towers.fold(self.reading.needs_from(program), u64::min)
    }

    /// Takes over what was settled when the text was judged as if it ended at `end`.
    pub(crate) fn adopt(&mut self, judged: Layers, end: u64) {
        self.reading.adopt(judged.reading, end);
        for (tower, judged) in self.towers[..self.in_use].iter_mut().zip(judged.towers) {
            tower.layers.iter_mut().zip(judged.layers).for_each(|(layer, judged)| layer.adopt(judged));
        }
        // What is still open in a view may overlap a match that the judged end needed no more.
        let new: Vec<Recent> = judged.recent.into_iter().filter(|r| !self.recent.contains(r)).collect();
        self.recent.extend(new);
        self.waiting.clear();
        self.too_long = judged.too_long;
    }

    fn forget(&mut self, program: &Program) {
        for tower in &mut self.towers[..self.in_use] {
            let (mut needed, mut mapped) = (u64::MAX, u64::MAX);
            for layer in tower.layers.iter_mut().rev() {
                (needed, mapped) = layer.forget(program, needed, mapped);
            }
        }
        let keep = program.keep() + ((1 + TOWER.len()) * MAX_PIECE) as u64;
        let least = self.reading.seen().saturating_sub(keep);
        let old = self.found.partition_point(|f| f.last_end < least);
        // Not at every little piece.
        if old > self.found.len() / 2 {
            self.found.drain(..old);
        }
    }

    fn read_raw(
        &mut self,
        (program, active): (&Program, &[bool]),
        scratch: &mut Scratch,
        window: Window<'_>,
        settled: &mut Vec<ViewMatch>,
    ) {
        let seen = self.reading.seen();
        self.reading.look(program, scratch, window, &mut self.found);
        let new = &self.found[self.found.partition_point(|f| f.first_end <= seen)..];
        let candidates = Candidates { found: new, shift: 0, from: 0 };
        let mut kept = Vec::new();
        self.reading.read((program, active), scratch, window, candidates, None, &mut kept);
        for Kept { rule, span } in kept {
            let text = &window.bytes[window.index(span.start)..window.index(span.end)];
            let text = text[..text.len().min(crate::finding::MATCHED)].to_vec();
            self.recent.push(Recent { rule, span: span.clone(), height: 0 });
            settled.push(ViewMatch { rule, span, text, height: 0 });
        }
    }

    /// Notes where a view is so much shorter than the text that a match might be missed.
    fn measure(&mut self, program: &Program) {
        for tower in &self.towers[..self.in_use] {
            for (i, layer) in tower.layers.iter().enumerate() {
                // PERF: where all of them together are short enough, none need be looked at alone.
                let Some(all) = layer.fresh_hull(program) else { continue };
                let all = tower.original(i, &all);
                if all.end - all.start <= MAX_EXTENT {
                    continue;
                }
                for extent in layer.fresh_extents(program) {
                    let extent = tower.original(i, &extent);
                    self.too_long |= extent.end - extent.start > MAX_EXTENT;
                }
            }
        }
    }

    /// For the text itself and each layer: the lowest start of a match in it or before it that is not yet known.
    fn undecided_from(&self, program: &Program) -> [u64; LAYERS + 1] {
        let mut from = [self.reading.undecided_from(program); LAYERS + 1];
        let mut least = from[0];
        for tower in self.used() {
            for (i, layer) in tower.layers.iter().enumerate() {
                let below = layer.undecided_from(program);
                least = least.min(tower.original(i, &(below..below)).start);
                from[tower.before + i + 1] = least;
            }
        }
        // Towers that the text does not have leave nothing undecided that the others don't.
        let there: usize = self.used().iter().map(|t| t.layers.len()).sum();
        from[there..].fill(least);
        from
    }

    /// Gives the matches of views that no match below them can make superfluous any more.
    fn settle(&mut self, program: &Program, complete: bool, settled: &mut Vec<ViewMatch>) {
        let undecided = self.undecided_from(program);
        if !self.waiting.is_empty() {
            let mut known = u64::MAX;
            let mut waiting = Vec::new();
            for height in 1..=LAYERS {
                if !complete {
                    known = known.min(undecided[height - 1]);
                }
                for found in self.waiting.extract_if(.., |m| m.height == height) {
                    if found.span.end > known {
                        waiting.push(found);
                    } else if !self.recent.iter().any(|r| r.hides(&found)) {
                        self.recent.push(Recent { rule: found.rule, span: found.span.clone(), height });
                        settled.push(found);
                    }
                }
                known = waiting.iter().map(|m: &ViewMatch| m.span.start).fold(known, u64::min);
            }
            self.waiting = waiting;
        }
        // A match that is still to come can't begin before what is undecided.
        let least = self.waiting.iter().map(|m| m.span.start).fold(undecided[LAYERS], u64::min);
        let least = least.min(self.needs_from(program));
        self.recent.retain(|r| r.span.end > least);
    }
}

impl Recent {
    /// Whether the match says again what this one said: in an earlier view, or at the very same place.
    fn hides(&self, found: &ViewMatch) -> bool {
        let overlaps = self.span.start < found.span.end && found.span.start < self.span.end;
        self.rule == found.rule && (self.height < found.height && overlaps || self.span == found.span)
    }
}
