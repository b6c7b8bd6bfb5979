//! The library's binding, as far as it can be used safely: a set of expressions, compiled once, and scans of slices.
//!
//! What is wrong with the binding, and why it can't happen here:
//! - *A stream that outlives its database, a dropped stream that is never freed, a reader whose error passes for its end.*
//!   No stream is ever opened: pieces are the engine's business, and the filter is given slices. `clippy.toml` refuses
//!   the types.
//! - *`/re/flags` is taken apart when an expression is parsed.* Nothing is parsed: an expression is put into its struct as it
//!   is, with the flags beside it.
//! - *Lengths are cut off at 32 bits.* No piece is longer than [`MOST`].
//! - *Scratch space used by two scans at once.* A scan borrows its [`Scratch`] mutably, and it can't be shared between
//!   threads.
//! - *Scratch space of another database.* A [`Scratch`] owns a share of the database that it was made for, and is made anew
//!   for another.
//!
//! Of the library's flags none is used. UTF-8 mode must not read arbitrary bytes, the start of a match would cost more than
//! the match, and to report an expression once would hide true occurrences behind one that the exact table refuses.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use hyperscan::{BlockDatabase, Builder, ExprExt, Matching, Pattern, PatternFlags, Patterns};

/// Most bytes that the library is given at once: it counts in 32 bits, and its binding cuts off what does not fit.
pub(super) const MOST: usize = 1 << 30;

/// A set of expressions, ready to be searched for. Freed with the last one who uses it.
#[derive(Clone)]
pub(super) struct Library {
    database: Arc<BlockDatabase>,
}

/// Space that a scan works in, one a worker.
#[derive(Default)]
pub(crate) struct Scratch {
    made: Option<Made>,
    /// Expressions that were found, and where each ends.
    hits: Vec<Hit>,
}

struct Made {
    /// Dropped before its database.
    space: hyperscan::Scratch,
    database: Arc<BlockDatabase>,
}

/// An expression ends here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) expression: u32,
    pub(super) end: usize,
}

impl Library {
    /// Compiles the expressions; a hit names one by its index.
    ///
    /// # Errors
    /// What the library says against one of them, or against this machine.
    pub(super) fn new(expressions: impl IntoIterator<Item = String>) -> Result<Library, String> {
        let pattern = |(index, expression)| Pattern {
            expression,
            flags: PatternFlags::empty(),
            id: Some(index),
            ext: ExprExt::default(),
            som: None,
        };
        let patterns: Patterns = expressions.into_iter().enumerate().map(pattern).collect();
        let database: BlockDatabase = patterns.build().map_err(|error| error.to_string())?;
        Ok(Library { database: Arc::new(database) })
    }

    /// Everything that ends in `range` of the text and lies within it, in no order; it may be told twice.
    ///
    /// At the edges of the range the text may be taken to begin and to end.
    ///
    /// # Errors
    /// The library could not scan, for want of memory: nothing is known of the text.
    pub(super) fn find<'s>(
        &self,
        text: &[u8],
        range: Range<usize>,
        scratch: &'s mut Scratch,
        overlap: usize,
    ) -> Result<&'s [Hit], String> {
        scratch.hits.clear();
        for piece in pieces(range, MOST, overlap) {
            self.scan(text, piece, scratch)?;
        }
        Ok(&scratch.hits)
    }

    fn scan(&self, text: &[u8], piece: Range<usize>, scratch: &mut Scratch) -> Result<(), String> {
        let Scratch { made, hits } = scratch;
        let space = match made {
            Some(made) if Arc::ptr_eq(&made.database, &self.database) => &mut made.space,
            _ => {
                let space = self.database.alloc_scratch().map_err(|error| error.to_string())?;
                &mut made.insert(Made { space, database: self.database.clone() }).space
            }
        };
        // The caller is C, through which no panic may pass: what was found is only written down.
        let found = |expression: u32, _start: u64, end: u64, _flags: u32| {
            // The piece is in memory, and the end lies in it.
            let end = usize::try_from(end).unwrap_or(usize::MAX);
            hits.push(Hit { expression, end: piece.start.saturating_add(end) });
            Matching::Continue
        };
        self.database.scan(&text[piece.clone()], space, found).map_err(|error| error.to_string())
    }

    /// Bytes of memory of the compiled expressions.
    pub(super) fn memory(&self) -> usize {
        self.database.size().unwrap_or(0)
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library").field("memory", &self.memory()).finish()
    }
}

impl Clone for Scratch {
    /// Room of its own, made when it is needed.
    fn clone(&self) -> Scratch {
        Scratch::default()
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("made", &self.made.is_some()).finish()
    }
}

/// A range in pieces of at most `most`, each of which begins `overlap` before the end of the one before it.
fn pieces(range: Range<usize>, most: usize, overlap: usize) -> impl Iterator<Item = Range<usize>> {
    assert!(overlap < most, "the pieces would not get on");
    let mut next = Some(range.start).filter(|start| *start < range.end);
    std::iter::from_fn(move || {
        let start = next?;
        let end = range.end.min(start.saturating_add(most));
        next = (end < range.end).then(|| end - overlap);
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    //! Each fault of the binding, or why it can't occur. Streams are not opened at all, so that none outlives its
    //! database, is dropped unclosed, or swallows the error of a reader.

    use super::*;

    fn library(expressions: &[&str]) -> Library {
        Library::new(expressions.iter().map(ToString::to_string)).expect("the expressions are valid")
    }

    fn hits(library: &Library, text: &[u8], scratch: &mut Scratch) -> Vec<(u32, usize)> {
        let hits = library.find(text, 0..text.len(), scratch, 4).expect("a short text can be scanned");
        let mut hits: Vec<(u32, usize)> = hits.iter().map(|hit| (hit.expression, hit.end)).collect();
        hits.sort_unstable();
        hits.dedup();
        hits
    }

    #[test]
    fn an_expression_with_slashes_is_what_it_says() {
        let library = library(&["/bin/sm", "1:/a/"]);
        let mut scratch = Scratch::default();
        assert_eq!(hits(&library, b"bin", &mut scratch), []);
        assert_eq!(hits(&library, b"/bin/sm and 1:/a/", &mut scratch), [(0, 7), (1, 17)]);
    }

    #[test]
    fn every_occurrence_is_told() {
        let library = library(&["aa"]);
        assert_eq!(hits(&library, b"aaaa", &mut Scratch::default()), [(0, 2), (0, 3), (0, 4)]);
    }

    #[test]
    fn bytes_that_are_no_text_are_read() {
        let library = library(&[r"\xff[\x00\x80]"]);
        assert_eq!(hits(&library, b"\xc3\xff\x00\xff\x80", &mut Scratch::default()), [(0, 3), (0, 5)]);
    }

    #[test]
    fn no_piece_is_longer_than_the_library_can_count() {
        let ends: Vec<Range<usize>> = pieces(5..(5 << 30) + 1, MOST, 20).collect();
        assert!(ends.iter().all(|piece| piece.len() <= MOST && u32::try_from(piece.len()).is_ok()));
        assert_eq!(ends.first().map(|piece| piece.start), Some(5));
        assert_eq!(ends.last().map(|piece| piece.end), Some((5 << 30) + 1));
        assert!(ends.windows(2).all(|pair| pair[1].start + 20 == pair[0].end));
        assert_eq!(pieces(0..usize::MAX, MOST, 20).take(3).last(), Some(2 * (MOST - 20)..3 * MOST - 2 * 20));
    }

    #[test]
    fn pieces_end_where_the_range_does() {
        assert_eq!(pieces(3..3, 8, 2).count(), 0);
        assert!(pieces(3..11, 8, 2).eq(std::iter::once(3..11)));
        assert_eq!(pieces(3..12, 8, 2).collect::<Vec<_>>(), [3..11, 9..12]);
    }

    #[test]
    fn what_is_found_in_pieces_is_found_in_all() {
        let library = library(&["abcd", "d"]);
        let text = b"abcdabcd-abcd";
        let mut whole = hits(&library, text, &mut Scratch::default());
        let mut scratch = Scratch::default();
        for most in 5..text.len() {
            for piece in pieces(0..text.len(), most, 4) {
                library.scan(text, piece, &mut scratch).expect("a short text can be scanned");
            }
            let mut cut: Vec<(u32, usize)> = scratch.hits.drain(..).map(|h| (h.expression, h.end)).collect();
            cut.sort_unstable();
            cut.dedup();
            whole.sort_unstable();
            assert_eq!(cut, whole, "in pieces of {most}");
        }
    }

    /// A scratch is handed from thread to thread and never shared: it is `Send`, it is not `Sync`, and a scan needs it
    /// whole.
    #[test]
    fn a_scratch_belongs_to_one_thread_at_a_time() {
        trait Ambiguous<Which> {
            fn check() {}
        }
        struct IsSync;
        impl<T> Ambiguous<()> for T {}
        impl<T: Sync> Ambiguous<IsSync> for T {}
        // This would not compile if it were: both would apply.
        <Scratch as Ambiguous<_>>::check();
        fn is_send<T: Send>() {}
        is_send::<Scratch>();
        fn is_shared<T: Send + Sync>() {}
        is_shared::<Library>();

        let library = library(&["key"]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut scratch = Scratch::default();
                    for _ in 0..100 {
                        assert_eq!(hits(&library, b"a key", &mut scratch), [(0, 5)]);
                    }
                });
            }
        });
    }

    #[test]
    fn a_scratch_keeps_its_database_and_changes_it_for_another() {
        let mut scratch = Scratch::default();
        let first = library(&["key"]);
        assert_eq!(hits(&first, b"key", &mut scratch), [(0, 3)]);
        let watched = Arc::downgrade(&first.database);
        drop(first);
        assert!(watched.upgrade().is_some(), "the scratch outlives the library that it was made for");
        let expressions: Vec<String> = (0..500).map(|i| format!("(?:^|[^a-z])k{i}[a-z]{{2,9}}z")).collect();
        let second = Library::new(expressions).expect("the expressions are valid");
        assert_eq!(hits(&second, b"k77abcz", &mut scratch), [(77, 7)]);
        assert!(watched.upgrade().is_none(), "the last one frees it");
    }

    #[test]
    fn what_the_library_refuses_is_an_error() {
        let message = Library::new(["(".to_string()]).expect_err("the expression is none");
        assert!(message.contains("parenthes"), "{message}");
        assert!(Library::new(["a\0b".to_string()]).is_err());
    }
}
