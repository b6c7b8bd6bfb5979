//! Reading a view in stretches around its changes.

use std::ops::Range;

use crate::cache::Scratch;
use crate::database::Program;
use crate::reading::{Kept, Reading, Window};
use crate::view::escapes::{self, Token};
use crate::view::offsets::{Change, OffsetMap};

/// A match of a view.
#[derive(Clone, Debug)]
pub(crate) struct ViewMatch {
    pub(crate) rule: u32,
    /// The original bytes.
    pub(crate) original: Range<u64>,
    /// What the view says there, cut at [`MATCHED`](crate::finding::MATCHED) bytes.
    pub(crate) text: Vec<u8>,
}

/// The view with escapes undone, of one text.
#[derive(Clone, Debug, Default)]
pub(crate) struct EscapesView {
    /// The original has been taken over up to here.
    taken: u64,
    /// An incomplete token begins at `taken`.
    incomplete: bool,
    stretch: Option<Stretch>,
}

/// A stretch of the view: a text of its own, with its map back to the original.
#[derive(Clone, Debug)]
struct Stretch {
    /// The part of the stretch that is still needed.
    text: Vec<u8>,
    /// Offset of `text` in the stretch.
    base: u64,
    map: OffsetMap,
    reading: Reading,
}

/// What reading a view needs from outside.
pub(crate) struct Context<'a> {
    pub(crate) program: &'a Program,
    pub(crate) active: &'a [bool],
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) found: &'a mut Vec<ViewMatch>,
}

/// A stretch is read whenever this much has been added to it, so that it is never held whole.
const READ_EVERY: usize = 32 * 1024;

impl EscapesView {
    /// Takes over what is new in the window of the original.
    pub(crate) fn read(&mut self, window: Window<'_>, context: &mut Context<'_>) {
        let end = window.end();
        let mut searched = self.taken;
        self.incomplete = false;
        while let Some(i) = memchr::memchr(escapes::TRIGGER, &window.bytes[window.index(searched)..]) {
            let at = searched + i as u64;
            match escapes::read(&window.bytes[window.index(at)..]) {
                Token::Escape { length, text } => {
                    let original = at..at + length as u64;
                    searched = original.end;
                    self.change(original, text.as_bytes(), window, context);
                }
                Token::Incomplete if !window.complete => {
                    self.incomplete = true;
                    self.take_to(at, window, context);
                    self.read_stretch(false, context);
                    return;
                }
                Token::Plain | Token::Incomplete => searched = at + 1,
            }
        }
        self.take_to(end, window, context);
        self.read_stretch(window.complete, context);
    }

    /// The lowest start in the original of a match of the view that is not yet known.
    ///
    /// Without a stretch nothing of the view differs from the original so far, and the original's own bound holds.
    pub(crate) fn undecided_from(&self, program: &Program) -> u64 {
        if let Some(stretch) = &self.stretch {
            let at = stretch.reading.undecided_from(program).min(stretch.end());
            return stretch.map.original_start(at);
        }
        if self.incomplete { self.taken.saturating_sub(program.reach + program.lead) } else { u64::MAX }
    }

    /// The first byte of the original that must still be there when it goes on.
    pub(crate) fn needs_from(&self, program: &Program) -> u64 {
        self.taken.saturating_sub(program.reach)
    }

    /// Takes over what was settled when the text was judged as if it ended here.
    pub(crate) fn adopt(&mut self, judged: EscapesView) {
        if let (Some(own), Some(judged)) = (&mut self.stretch, judged.stretch) {
            let end = own.end();
            own.reading.adopt(judged.reading, end);
        }
    }

    /// A token of the original that stands for `text`.
    fn change(&mut self, original: Range<u64>, text: &[u8], window: Window<'_>, context: &mut Context<'_>) {
        self.take_to(original.start, window, context);
        let stretch = match &mut self.stretch {
            Some(stretch) => stretch,
            None => {
                // What stands before the change is as in the original, and in the window.
                let from = original.start.saturating_sub(context.program.reach);
                let mut stretch = Stretch::new(from);
                stretch
                    .text
                    .extend_from_slice(&window.bytes[window.index(from)..window.index(original.start)]);
                self.stretch.insert(stretch)
            }
        };
        let view = stretch.end();
        stretch.text.extend_from_slice(text);
        self.taken = original.end;
        stretch.map.push(Change { view: view..stretch.end(), original });
        if stretch.text.len() > READ_EVERY {
            self.read_stretch(false, context);
        }
    }

    /// Takes over the unchanged bytes up to `to`, as far as a stretch needs them.
    fn take_to(&mut self, to: u64, window: Window<'_>, context: &mut Context<'_>) {
        if let Some(stretch) = &mut self.stretch {
            let last = stretch.map.last_change_end().expect("a stretch begins with a change");
            let end = to.min(last + context.program.reach);
            if end > self.taken {
                stretch.text.extend_from_slice(&window.bytes[window.index(self.taken)..window.index(end)]);
            }
            // A change right at the end of the stretch would still belong to it. At the end of the text it stays, so that
            // what a boundary settles can be taken over.
            let ends = window.complete && to == window.end();
            if to > last + context.program.reach && !ends {
                self.read_stretch(true, context);
                self.stretch = None;
            }
        }
        self.taken = self.taken.max(to);
    }

    fn read_stretch(&mut self, complete: bool, context: &mut Context<'_>) {
        if let Some(stretch) = &mut self.stretch {
            stretch.read(complete, context);
        }
    }
}

impl Stretch {
    fn new(from: u64) -> Stretch {
        Stretch { text: Vec::new(), base: 0, map: OffsetMap::new(from), reading: Reading::default() }
    }

    /// Its length so far.
    fn end(&self) -> u64 {
        self.base + self.text.len() as u64
    }

    fn read(&mut self, complete: bool, context: &mut Context<'_>) {
        let window = Window { bytes: &self.text, base: self.base, complete };
        let mut kept: Vec<Kept> = Vec::new();
        let map = &self.map;
        let touches = |span: &Range<u64>| map.touches(span);
        self.reading.read(context.program, context.active, context.scratch, window, &touches, &mut kept);
        for Kept { rule, span } in kept {
            let original = map.original(&span);
            if original.end - original.start > crate::view::MAX_EXTENT {
                continue;
            }
            let text = &self.text[window.index(span.start)..window.index(span.end)];
            let text = text[..text.len().min(crate::finding::MATCHED)].to_vec();
            context.found.push(ViewMatch { rule, original, text });
        }
        if complete {
            return;
        }
        let needed = self.reading.needs_from(context.program);
        if needed > self.base {
            let drop = usize::try_from(needed - self.base).expect("a stretch's text is in memory");
            if drop >= self.text.len() / 2 {
                self.text.drain(..drop);
                self.base = needed;
                self.map.forget_before(needed);
            }
        }
    }
}
