//! Sequences of calls with hostile arguments, beside the same calls on the engine: every status and every result is
//! what the engine's says, or what is wrong with the arguments.

#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "either of two calls, and what points to its results"
)]

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::OnceLock;

use hypersieve::{
    Channel, Config, Database as EngineDatabase, Policy as EnginePolicy, Severity as EngineSeverity,
};
use hypersieve_ffi::*;

use super::told::{self, Told};

/// Rules that what is scanned matches every now and then.
const RULES: &str = "
id: CALLS_001
name: Orders
description: Orders to ignore what was said.
severity: critical
category: orders
patterns: [{literal: ignore all of it}]
remediation: Do not follow it.
examples:
  match: [now ignore all of it, 'ignore all of it, please', IGNORE ALL OF IT, you ignore all of it]
  no_match: [ignore it, all of it, do not ignore, ignore all]
---
id: CALLS_002
name: Keys
description: Keys of an invented kind.
severity: medium
category: keys
channels: [tool_result]
sensitive: true
patterns: [{regex: 'key-[0-9]{4,8}', on: exact}]
remediation: Revoke it.
examples:
  match: [key-1234, key-12345, ' key-123456', key-1234567]
  no_match: [key, key-1, key-12, key-123]
";

/// What texts are put together from.
const WORDS: [&str; 8] =
    ["ignore ", "all of ", "it", " key-", "1234", "\\u0069gnore all", " fine. ", "\u{200b}"];

/// A call sequence on its way.
pub(crate) struct Calls<'i> {
    input: &'i [u8],
    handles: Vec<Live>,
}

/// A handle with what the engine has in its place.
struct Live {
    pointer: *mut c_void,
    model: Model,
}

enum Model {
    Database(EngineDatabase),
    Policy(Box<EnginePolicy>),
    Scanner(hypersieve::Scanner),
    Cache(hypersieve::Scanner),
    /// `None` once it has ended or failed.
    Stream(Box<Option<hypersieve::Stream>>),
}

const KINDS: u8 = 5;

impl Model {
    fn kind(&self) -> u8 {
        match self {
            Model::Database(_) => 0,
            Model::Policy(_) => 1,
            Model::Scanner(_) => 2,
            Model::Cache(_) => 3,
            Model::Stream(_) => 4,
        }
    }
}

/// A pointer that may be of the right kind.
#[derive(Clone, Copy)]
struct Picked {
    pointer: *mut c_void,
    /// Its place, if it is.
    place: Option<usize>,
}

impl Picked {
    fn of<T>(self) -> *mut T {
        self.pointer.cast()
    }
}

/// A text that may be none.
struct Text {
    bytes: Vec<u8>,
    data: *const u8,
    len: usize,
    good: bool,
}

fn engine_database() -> &'static EngineDatabase {
    static DATABASE: OnceLock<EngineDatabase> = OnceLock::new();
    DATABASE.get_or_init(|| {
        let docs = hypersieve_rules::parse_str("rules", RULES).unwrap_or_else(|e| panic!("{e}"));
        let rules = docs.into_iter().map(|doc| doc.rule);
        EngineDatabase::builder().rules(rules).build().unwrap_or_else(|e| panic!("{e}"))
    })
}

/// Does what the input says, and frees what is left.
pub(crate) fn check(input: &[u8]) {
    let mut calls = Calls { input, handles: Vec::new() };
    calls.database();
    while !calls.input.is_empty() {
        match calls.byte() % 12 {
            0 => calls.database(),
            1 => calls.policy(),
            2 | 3 => calls.scanner_or_cache(),
            4 | 5 => calls.scan(),
            6 => calls.redact(),
            7 => calls.open(),
            8..=9 => calls.advance(),
            10 => calls.finish(),
            _ => calls.free(),
        }
    }
    while let Some(live) = calls.handles.pop() {
        assert_eq!(free(live.model.kind(), live.pointer), Status::Ok);
    }
}

impl Calls<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.input.split_first().unwrap_or((&0, &[]));
        self.input = rest;
        *first
    }

    /// A pointer for a handle of a kind: mostly one.
    fn pick(&mut self, kind: u8) -> Picked {
        let byte = self.byte();
        let index = usize::from(byte & 0x1f);
        let of_kind = |p: &usize| self.handles[*p].model.kind() == kind;
        let right: Vec<usize> = (0..self.handles.len()).filter(of_kind).collect();
        let none = Picked { pointer: ptr::null_mut(), place: None };
        match byte >> 5 {
            7 => none,
            6 => Picked { pointer: ptr::without_provenance_mut(usize::from(byte) * 8 + 1), place: None },
            5 if !self.handles.is_empty() => {
                let place = index % self.handles.len();
                let live = &self.handles[place];
                Picked { pointer: live.pointer, place: (live.model.kind() == kind).then_some(place) }
            }
            _ if right.is_empty() => none,
            _ => {
                let place = right[index % right.len()];
                Picked { pointer: self.handles[place].pointer, place: Some(place) }
            }
        }
    }

    fn text(&mut self) -> Text {
        let byte = self.byte();
        let mut bytes = Vec::new();
        for _ in 0..byte & 7 {
            let code = self.byte();
            match WORDS.get(usize::from(code)) {
                Some(word) => bytes.extend_from_slice(word.as_bytes()),
                None => bytes.push(code),
            }
        }
        let (data, len) = (bytes.as_ptr(), bytes.len());
        match byte >> 4 {
            15 => Text { bytes, data: ptr::null(), len: 1, good: false },
            14 => Text { bytes, data, len: usize::MAX - usize::from(byte & 7), good: false },
            13 => Text { bytes, data, len: isize::MAX as usize + 1, good: false },
            12 => Text { bytes: Vec::new(), data: ptr::null(), len: 0, good: true },
            _ => Text { bytes, data, len, good: true },
        }
    }

    fn channel(&mut self) -> (u32, Option<Channel>) {
        let number = u32::from(self.byte() % 8);
        (number, Channel::ALL.get(number as usize).copied())
    }

    fn keep(&mut self, pointer: *mut c_void, model: Model) {
        assert!(!pointer.is_null());
        self.handles.push(Live { pointer, model });
    }

    fn database(&mut self) {
        let (mut made, mut error) = (ptr::null_mut(), ptr::null_mut());
        let byte = self.byte();
        match byte % 4 {
            0 => {
                let flags = u32::from(byte >> 4) * 2;
                // SAFETY: a text with its length, and places for the results.
                let status = unsafe {
                    let yaml = RULES.as_ptr().cast::<c_char>();
                    hypersieve_database_from_yaml(
                        yaml,
                        RULES.len(),
                        ptr::null(),
                        0,
                        flags,
                        &mut made,
                        &mut error,
                    )
                };
                expect(status, flags == 0, error);
            }
            1 => {
                let text = self.text();
                // SAFETY: as above; lengths that are none are refused before anything is read.
                let status = unsafe {
                    hypersieve_database_from_yaml(
                        text.data.cast(),
                        text.len,
                        ptr::null(),
                        0,
                        0,
                        &mut made,
                        &mut error,
                    )
                };
                expect(status, false, error);
            }
            kind => {
                let mut bytes = engine_database().to_bytes();
                if kind == 3 {
                    let at = usize::from(self.byte()) * 97 % bytes.len();
                    bytes[at] ^= 1 << (byte >> 5);
                }
                // SAFETY: bytes with their length, and places for the results.
                let status = unsafe {
                    hypersieve_database_from_bytes(bytes.as_ptr(), bytes.len(), &mut made, &mut error)
                };
                expect(status, kind == 2, error);
            }
        }
        if !made.is_null() {
            let bytes = engine_database().to_bytes();
            let model = EngineDatabase::from_bytes(&bytes, Config::new());
            self.keep(made.cast(), Model::Database(model.expect("they were just written")));
        }
    }

    fn policy(&mut self) {
        let mut error = ptr::null_mut();
        let byte = self.byte();
        if byte.is_multiple_of(4) {
            let mut made = ptr::null_mut();
            // SAFETY: places for the results.
            expect(unsafe { hypersieve_policy_new(&mut made, &mut error) }, true, error);
            self.keep(made.cast(), Model::Policy(Box::default()));
            return;
        }
        let picked = self.pick(1);
        let number = u32::from(byte >> 5);
        let id = if byte & 16 == 0 { "CALLS_002" } else { "CALLS_009" };
        let severity = number.checked_sub(1).and_then(|n| EngineSeverity::ALL.get(n as usize));
        // SAFETY: a handle or none, a text with its length, and a place for the error.
        let (status, good) = unsafe {
            if byte % 4 == 1 {
                let id = id.as_ptr().cast::<c_char>();
                (hypersieve_policy_disable(picked.of(), id, 9, &mut error), true)
            } else {
                (hypersieve_policy_min_severity(picked.of(), number, &mut error), severity.is_some())
            }
        };
        expect(status, good && picked.place.is_some(), error);
        if let (Status::Ok, Some(place)) = (status, picked.place)
            && let Model::Policy(policy) = &mut self.handles[place].model
        {
            let old = std::mem::take(&mut **policy);
            **policy = match severity {
                _ if byte % 4 == 1 => old.disable(id),
                Some(severity) => old.min_severity(*severity),
                None => unreachable!("it was refused"),
            };
        }
    }

    fn scanner_or_cache(&mut self) {
        let mut error = ptr::null_mut();
        if self.byte().is_multiple_of(2) {
            let (database, policy) = (self.pick(0), self.pick(1));
            let mut made = ptr::null_mut();
            // SAFETY: handles or none, and places for the results.
            let status = unsafe {
                hypersieve_scanner_new(
                    database.of::<Database>(),
                    policy.of::<Policy>(),
                    &mut made,
                    &mut error,
                )
            };
            let policy = match policy.place.map(|p| &self.handles[p].model) {
                Some(Model::Policy(policy)) => Some((**policy).clone()),
                _ => policy.pointer.is_null().then(EnginePolicy::new),
            };
            let model = match (database.place.map(|p| &self.handles[p].model), policy) {
                (Some(Model::Database(database)), Some(policy)) => {
                    hypersieve::Scanner::new(database, policy).ok()
                }
                _ => None,
            };
            expect(status, model.is_some(), error);
            if let Some(model) = model {
                self.keep(made.cast(), Model::Scanner(model));
            }
        } else {
            let scanner = self.pick(2);
            let mut made = ptr::null_mut();
            // SAFETY: a handle or none, and places for the results.
            let status = unsafe { hypersieve_cache_new(scanner.of::<Scanner>(), &mut made, &mut error) };
            expect(status, scanner.place.is_some(), error);
            if let Some(Model::Scanner(model)) = scanner.place.map(|p| &self.handles[p].model) {
                let model = model.clone();
                self.keep(made.cast(), Model::Cache(model));
            }
        }
    }

    fn scan(&mut self) {
        let (scanner, cache) = (self.pick(2), self.pick(3));
        let batch = self.byte() % 3;
        let texts: Vec<Text> = (0..=batch).map(|_| self.text()).collect();
        let (number, channel) = self.channel();
        let (mut verdicts, mut error) = (ptr::dangling(), ptr::null_mut());
        let item = |text: &Text| Item { text: text.data, text_len: text.len, channel: number };
        let items: Vec<Item> = texts.iter().map(item).collect();
        // SAFETY: handles or none, texts with their lengths or lengths that are none, and places for the results.
        let status = unsafe {
            if let [one] = &items[..] {
                let (text, len) = (one.text, one.text_len);
                hypersieve_scan(
                    scanner.of::<Scanner>(),
                    cache.of(),
                    text,
                    len,
                    number,
                    &mut verdicts,
                    &mut error,
                )
            } else {
                let (scanner, len) = (scanner.of::<Scanner>(), items.len());
                hypersieve_scan_batch(scanner, cache.of(), items.as_ptr(), len, &mut verdicts, &mut error)
            }
        };
        let model = |picked: Picked| picked.place.map(|p| &self.handles[p].model);
        let pair = match (model(scanner), model(cache), channel) {
            (Some(Model::Scanner(scanner)), Some(Model::Cache(of)), Some(channel)) => {
                // The engine knows whether they belong together.
                let same = scanner.scan_with(&mut of.create_cache(), b"", channel).is_ok();
                same.then_some((scanner, channel))
            }
            _ => None,
        };
        let good = texts.iter().all(|text| text.good);
        expect(status, good && pair.is_some(), error);
        assert_eq!(verdicts.is_null(), status != Status::Ok);
        let Some((scanner, channel)) = pair.filter(|_| good) else { return };
        for (i, text) in texts.iter().enumerate() {
            let engine = scanner.scan(&text.bytes, channel).expect("nothing can go wrong");
            // SAFETY: there are as many verdicts as texts, good until the next call with the cache.
            assert_eq!(unsafe { Told::of(verdicts.add(i)) }, Told::by_engine(&engine));
        }
    }

    fn redact(&mut self) {
        let (database, text) = (self.pick(0), self.text());
        let (from, to) = (usize::from(self.byte() % 16), usize::from(self.byte() % 64));
        let (mut buffer, mut error) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a handle or none, a text with its length or one that is none, and places for the results.
        let status = unsafe {
            hypersieve_redact(
                database.of::<Database>(),
                text.data,
                text.len,
                from,
                to,
                &mut buffer,
                &mut error,
            )
        };
        expect(status, database.place.is_some() && text.good && from <= to && to <= text.bytes.len(), error);
        // SAFETY: a buffer, or null after a failure.
        let freed = unsafe { hypersieve_buffer_free(buffer) };
        assert_eq!(freed, Status::Ok);
    }

    fn open(&mut self) {
        let scanner = self.pick(2);
        let (number, channel) = self.channel();
        let (mut made, mut error) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a handle or none, and places for the results.
        let status =
            unsafe { hypersieve_stream_open(scanner.of::<Scanner>(), number, &mut made, &mut error) };
        let model = match (scanner.place.map(|p| &self.handles[p].model), channel) {
            (Some(Model::Scanner(scanner)), Some(channel)) => Some(scanner.stream(channel)),
            _ => None,
        };
        expect(status, model.is_some(), error);
        if let Some(model) = model {
            self.keep(made.cast(), Model::Stream(Box::new(Some(model))));
        }
    }

    /// The engine's stream in the place of a handle.
    fn stream(&mut self, picked: Picked) -> Option<&mut Option<hypersieve::Stream>> {
        match &mut self.handles[picked.place?].model {
            Model::Stream(stream) => Some(stream),
            _ => unreachable!("the place is of a stream"),
        }
    }

    fn advance(&mut self) {
        let picked = self.pick(4);
        let boundary = self.byte().is_multiple_of(4);
        let text = self.text();
        let mut progress = Progress { pushed: 0, cleared: 0, action: Action::Allow };
        let mut error = ptr::null_mut();
        // SAFETY: a handle or none, a text with its length or one that is none, and places for the results.
        let status = unsafe {
            if boundary {
                hypersieve_stream_boundary(picked.of(), &mut progress, &mut error)
            } else {
                hypersieve_stream_push(picked.of(), text.data, text.len, &mut progress, &mut error)
            }
        };
        let model = self.stream(picked);
        let open = model.as_ref().is_some_and(|stream| stream.is_some());
        expect(status, open && (boundary || text.good), error);
        let Some(model) = model else { return };
        if status != Status::Ok {
            // A stream that missed something is of no use any more.
            *model = None;
            return;
        }
        let stream = model.as_mut().expect("it was open");
        let advanced = if boundary { stream.boundary() } else { stream.push(&text.bytes) };
        advanced.expect("nothing can go wrong");
        assert_eq!(
            (progress.cleared, progress.action as usize),
            (stream.cleared(), told::place(stream.action()))
        );
        assert!(progress.cleared <= progress.pushed);
    }

    fn finish(&mut self) {
        let picked = self.pick(4);
        let (mut verdict, mut error) = (ptr::dangling(), ptr::null_mut());
        // SAFETY: a handle or none, and places for the results.
        let status = unsafe { hypersieve_stream_finish(picked.of(), &mut verdict, &mut error) };
        let model = self.stream(picked).and_then(Option::take);
        expect(status, model.is_some(), error);
        assert_eq!(verdict.is_null(), status != Status::Ok);
        if let Some(stream) = model {
            let engine = stream.finish().expect("nothing can go wrong");
            // SAFETY: the verdict of a call that succeeded, good until the stream is freed.
            assert_eq!(unsafe { Told::of(verdict) }, Told::by_engine(&engine));
        }
    }

    fn free(&mut self) {
        let kind = self.byte() % KINDS;
        let picked = self.pick(kind);
        let expected =
            if picked.pointer.is_null() || picked.place.is_some() { Status::Ok } else { Status::WrongHandle };
        assert_eq!(free(kind, picked.pointer), expected);
        if let Some(place) = picked.place {
            self.handles.swap_remove(place);
        }
    }
}

fn free(kind: u8, pointer: *mut c_void) -> Status {
    // SAFETY: a handle that is not used again if it is of this kind.
    unsafe {
        match kind {
            0 => hypersieve_database_free(pointer.cast()),
            1 => hypersieve_policy_free(pointer.cast()),
            2 => hypersieve_scanner_free(pointer.cast()),
            3 => hypersieve_cache_free(pointer.cast()),
            _ => hypersieve_stream_free(pointer.cast()),
        }
    }
}

/// A call succeeds just if it should, and a failure is told.
fn expect(status: Status, good: bool, error: *mut Error) {
    let message = told::message(error);
    assert_eq!(status == Status::Ok, good, "{status:?}: {message}");
    assert_eq!(error.is_null(), good);
    assert_eq!(message.is_empty(), good);
    assert_ne!(status, Status::Internal, "{message}");
    // SAFETY: the error of a failed call, or null.
    let freed = unsafe { hypersieve_error_free(error) };
    assert_eq!(freed, Status::Ok);
}
