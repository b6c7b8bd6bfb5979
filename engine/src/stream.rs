//! The engine: a text that arrives in pieces, judged as if it had come at once.

use std::fmt;
use std::ops::Range;

use crate::cache::{Cache, Scratch, recycled};
use crate::channel::Channel;
use crate::database::Program;
use crate::error::{ScanError, ScanErrorKind};
use crate::finding::{Finding, Findings, MATCHED};
use crate::mask;
use crate::policy::OnChannel;
use crate::reading::Window;
use crate::scanner::Scanner;
use crate::severity::Action;
use crate::verdict::{Limit, Verdict};
use crate::view::layers::{Layers, ViewMatch};
use crate::view::{MAX_EXTENT, MAX_HOLDBACK};

/// A text that arrives in pieces.
///
/// However it is cut, the findings and the verdict after [`finish`](Stream::finish) equal those of one push. There is no
/// verdict without `finish`: a stream that is dropped has none.
///
/// After an error the stream is poisoned: every further call fails, and what it carried must be treated as blocked.
#[must_use = "a stream that is not finished has no verdict"]
pub struct Stream {
    scanner: Scanner,
    channel: Channel,
    state: State,
    poisoned: bool,
}

/// What a stream has read so far.
#[derive(Clone, Default)]
struct State {
    /// Bytes pushed.
    pushed: u64,
    /// The last bytes pushed, as many as are still needed.
    tail: Vec<u8>,
    layers: Layers,
    /// What sensitive rules found, as far back as a finding can reach.
    sensitive: Vec<Range<u64>>,
    findings: Findings,
    action: Option<Action>,
    /// What begins before this has been judged.
    cleared: u64,
}

/// Bytes read at a time where the pushed bytes can be read in place.
const SLICE: usize = 32 * 1024;

/// Bytes taken at a time to bridge the cut between what was kept and what is new.
const SEAM: usize = 2 * 1024;

/// A tail that is shorter is not worth moving.
const TAIL: usize = 4 * 1024;

impl Stream {
    pub(crate) fn new(scanner: Scanner, channel: Channel) -> Stream {
        Stream { scanner, channel, state: State::default(), poisoned: false }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// If an earlier call failed.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ScanError> {
        self.with_pooled(|stream, cache| stream.push_with(cache, bytes))
    }

    /// The same with the caller's cache.
    ///
    /// # Errors
    /// If an earlier call failed, or the cache was made for another database.
    pub fn push_with(&mut self, cache: &mut Cache, bytes: &[u8]) -> Result<(), ScanError> {
        self.check(cache)?;
        let mut judge = Judge::new(&self.scanner, self.channel, &mut cache.scratch);
        // A panic on the way leaves the stream poisoned.
        self.poisoned = true;
        self.state.push(bytes, &mut judge);
        judge.check()?;
        self.poisoned = false;
        Ok(())
    }

    /// Says that a message ends here: judges what is pending as if the input did, and clears it.
    ///
    /// The state carries on: a phrase that is completed by what comes later is found then.
    ///
    /// # Errors
    /// If an earlier call failed.
    pub fn boundary(&mut self) -> Result<(), ScanError> {
        self.with_pooled(|stream, cache| stream.boundary_with(cache))
    }

    /// The same with the caller's cache.
    ///
    /// # Errors
    /// If an earlier call failed, or the cache was made for another database.
    pub fn boundary_with(&mut self, cache: &mut Cache) -> Result<(), ScanError> {
        self.check(cache)?;
        let mut judge = Judge::new(&self.scanner, self.channel, &mut cache.scratch);
        self.poisoned = true;
        self.state.boundary(&mut judge);
        judge.check()?;
        self.poisoned = false;
        Ok(())
    }

    /// The offset below which no undecided match can begin: these bytes may be released.
    ///
    /// It never falls, and is at least the number of pushed bytes less
    /// [`Database::max_holdback`](crate::Database::max_holdback).
    pub fn cleared(&self) -> u64 {
        if self.poisoned {
            return 0;
        }
        self.state.cleared
    }

    /// The findings that are certain so far, sorted as in a verdict.
    pub fn findings(&self) -> &[Finding] {
        self.state.findings.listed()
    }

    /// What the findings so far ask for; more text can only raise it. A poisoned stream blocks.
    pub fn action(&self) -> Action {
        if self.poisoned { Action::Block } else { self.state.action() }
    }

    /// Ends the text and concludes.
    ///
    /// # Errors
    /// If an earlier call failed.
    pub fn finish(mut self) -> Result<Verdict, ScanError> {
        let mut cache = self.scanner.shared.take_cache();
        let scanner = self.scanner.clone();
        let verdict = self.conclude(&mut cache);
        scanner.shared.give_back(cache);
        verdict
    }

    /// The same with the caller's cache.
    ///
    /// # Errors
    /// If an earlier call failed, or the cache was made for another database.
    pub fn finish_with(mut self, cache: &mut Cache) -> Result<Verdict, ScanError> {
        self.conclude(cache)
    }

    fn conclude(&mut self, cache: &mut Cache) -> Result<Verdict, ScanError> {
        self.check(cache)?;
        let mut judge = Judge::new(&self.scanner, self.channel, &mut cache.scratch);
        let mut state = std::mem::take(&mut self.state);
        state.complete(&mut judge);
        judge.check()?;
        let (action, limits) = (state.action(), state.limits());
        judge.scratch.spare = Some(state.layers);
        judge.scratch.spare_tail = recycled(state.tail);
        let rules = self.scanner.database().rules();
        let (findings, counts) = state.findings.into_parts();
        Ok(Verdict {
            action,
            findings,
            counts: counts.into_iter().map(|(rule, count)| (rules[rule as usize].clone(), count)).collect(),
            limits,
        })
    }

    fn with_pooled(
        &mut self,
        call: impl FnOnce(&mut Stream, &mut Cache) -> Result<(), ScanError>,
    ) -> Result<(), ScanError> {
        let mut cache = self.scanner.shared.take_cache();
        let result = call(self, &mut cache);
        self.scanner.shared.give_back(cache);
        result
    }

    fn check(&mut self, cache: &Cache) -> Result<(), ScanError> {
        if self.poisoned {
            return Err(ScanError::new(ScanErrorKind::Poisoned));
        }
        let checked = self.scanner.shared.check(cache);
        self.poisoned = checked.is_err();
        checked
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("channel", &self.channel)
            .field("pushed", &self.state.pushed)
            .field("findings", &self.state.findings.listed().len())
            .field("poisoned", &self.poisoned)
            .finish()
    }
}

/// What a stream's state is read with: the compiled rules, what they do on this channel, and scratch space.
struct Judge<'a> {
    program: &'a Program,
    on: &'a OnChannel,
    channel: Channel,
    scratch: &'a mut Scratch,
}

impl<'a> Judge<'a> {
    fn new(scanner: &'a Scanner, channel: Channel, scratch: &'a mut Scratch) -> Judge<'a> {
        let shared = &*scanner.shared;
        Judge { program: &shared.database.program, on: shared.policy.on(channel), channel, scratch }
    }
}

impl Judge<'_> {
    /// Whether what was read can be believed.
    fn check(&mut self) -> Result<(), ScanError> {
        if let Some(error) = self.scratch.filter_error.take() {
            return Err(ScanError::new(ScanErrorKind::Filter(error)));
        }
        if self.scratch.failed { Err(ScanError::new(ScanErrorKind::InvalidDatabase)) } else { Ok(()) }
    }
}

impl State {
    /// Takes memory that a text before it needed no more.
    fn begin(&mut self, judge: &mut Judge<'_>) {
        if self.layers.is_idle() {
            let layers = judge.scratch.spare.take().unwrap_or_default();
            self.layers = layers.begin(judge.channel, !judge.program.config.raw);
            self.tail = std::mem::take(&mut judge.scratch.spare_tail);
        }
    }

    fn push(&mut self, bytes: &[u8], judge: &mut Judge<'_>) {
        self.begin(judge);
        let start = self.pushed;
        let mut taken = 0;
        let mut tail = std::mem::take(&mut self.tail);
        // What was kept and what is new are bridged in pieces, until nothing that was kept is needed any more.
        while !tail.is_empty() && taken < bytes.len() {
            let piece = &bytes[taken..bytes.len().min(taken + SEAM)];
            let base = self.pushed - tail.len() as u64;
            tail.extend_from_slice(piece);
            taken += piece.len();
            self.pushed += piece.len() as u64;
            self.read(Window { bytes: &tail, base, complete: false }, judge);
            let needed = self.needs_from(judge.program);
            if needed >= start {
                tail.clear();
            } else {
                let drop = usize::try_from(needed.saturating_sub(base)).expect("the tail is in memory");
                if drop > TAIL {
                    tail.drain(..drop);
                }
            }
        }
        // The rest is read in place.
        let place =
            |offset: u64| usize::try_from(offset.saturating_sub(start)).expect("the bytes are in memory");
        while taken < bytes.len() {
            let from = place(self.needs_from(judge.program)).min(taken);
            taken = bytes.len().min(taken + SLICE);
            self.pushed = start + taken as u64;
            self.read(
                Window { bytes: &bytes[from..taken], base: start + from as u64, complete: false },
                judge,
            );
        }
        if tail.is_empty() {
            tail.extend_from_slice(&bytes[place(self.needs_from(judge.program)).min(bytes.len())..]);
        }
        self.tail = tail;
        // What was cleared once stays so, even where a view that begins to differ asks for more caution.
        self.cleared = self.cleared.max(self.settled_to(judge.program));
    }

    fn complete(&mut self, judge: &mut Judge<'_>) {
        self.begin(judge);
        let tail = std::mem::take(&mut self.tail);
        let base = self.pushed - tail.len() as u64;
        self.read(Window { bytes: &tail, base, complete: true }, judge);
        self.tail = tail;
    }

    fn boundary(&mut self, judge: &mut Judge<'_>) {
        self.begin(judge);
        let mut judged = self.clone();
        judged.complete(judge);
        self.layers.adopt(judged.layers, self.pushed);
        self.findings = judged.findings;
        self.action = judged.action;
        self.sensitive = judged.sensitive;
        self.cleared = self.pushed;
    }

    /// What the text so far asks for.
    fn action(&self) -> Action {
        let of_limits = if self.limits().is_empty() { Action::Allow } else { Action::Block };
        self.action.unwrap_or(Action::Allow).max(of_limits)
    }

    fn limits(&self) -> Vec<Limit> {
        let hit = self.layers.limits();
        Limit::ALL.into_iter().filter(|limit| hit.contains(limit)).collect()
    }

    /// Below this every match has been reported.
    fn settled_to(&self, program: &Program) -> u64 {
        let settled = self.layers.settled_to(program).min(self.pushed);
        // Behind a limit nothing is released anyway, and what waits has no bound.
        if self.layers.too_long() { settled.max(self.pushed.saturating_sub(MAX_HOLDBACK)) } else { settled }
    }

    /// The first byte that must be kept for what comes.
    fn needs_from(&self, program: &Program) -> u64 {
        self.layers.needs_from(program)
    }

    /// Reads what is new in the window, in every view.
    fn read(&mut self, window: Window<'_>, judge: &mut Judge<'_>) {
        let mut settled = Vec::new();
        self.layers.read((judge.program, judge.on), judge.scratch, window, &mut settled);
        for found in settled {
            self.report(&found, judge);
        }
    }

    fn report(&mut self, found: &ViewMatch, judge: &mut Judge<'_>) {
        let (rule, span, text) = (found.rule, found.span.clone(), &found.text);
        let program = judge.program;
        let effect = judge.on.effects[rule as usize].expect("only rules that are looked for are confirmed");
        self.action = self.action.max(Some(effect.action));
        let shared = program.rules[rule as usize].clone();
        let text = String::from_utf8_lossy(&text[..text.len().min(MATCHED)]);
        let matched = if shared.sensitive {
            self.mask_around(&span, text.as_bytes());
            mask::masked(&text)
        } else if self.sensitive.iter().any(|s| s.start < span.end && span.start < s.end) {
            HIDDEN.to_string()
        } else {
            text.into_owned()
        };
        self.findings.add(Finding {
            rule: shared,
            index: rule,
            severity: effect.severity,
            channel: judge.channel,
            view: found.view(),
            start: span.start,
            end: span.end,
            matched,
            pointer: None,
        });
    }

    /// Hides a secret in the findings of other rules, those that are listed and those to come.
    fn mask_around(&mut self, span: &Range<u64>, text: &[u8]) {
        let mut span = span.clone();
        if text.starts_with(b"-----BEGIN") {
            // The header of a key: the key itself follows.
            span.end += KEY_BODY;
        }
        for finding in self.findings.listed_mut().iter_mut().rev() {
            if finding.start + MAX_EXTENT < span.start {
                break;
            }
            if !finding.rule.sensitive && finding.start < span.end && span.start < finding.end {
                finding.matched = HIDDEN.to_string();
            }
        }
        self.sensitive.retain(|s| s.end + MAX_EXTENT > span.start);
        match self.sensitive.last_mut() {
            Some(last) if last.end >= span.start && last.start <= span.start => {
                last.end = last.end.max(span.end)
            }
            _ => self.sensitive.push(span),
        }
    }
}

/// Shown in place of a match that covers a secret found by another rule.
const HIDDEN: &str = "****";

/// How far a key may reach behind its header: more than the longest RSA key in use, with its line breaks.
const KEY_BODY: u64 = 16 * 1024;
