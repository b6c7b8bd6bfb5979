//! A text that can be read again, in bounded memory.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

use crate::scan::walk::STDIN;

/// Texts up to this size are kept in memory.
const WHOLE: usize = 4 << 20;
/// Longer ones are read in blocks of this size.
const BLOCK: usize = 1 << 20;
/// So much decides whether a text is binary.
const HEAD: u64 = 8 << 10;

/// A text in memory or in a file.
#[derive(Debug)]
pub(crate) struct Source {
    text: Text,
}

#[derive(Debug)]
enum Text {
    Memory(Vec<u8>),
    File { file: File, stamp: Stamp },
}

/// How a file looks from outside.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(about: &Metadata) -> Stamp {
        Stamp { len: about.len(), modified: about.modified().ok() }
    }
}

impl Source {
    /// Opens a file, or standard input at `-`. What cannot be read again, such as a pipe, is read here: into memory,
    /// or into a temporary file without a name if it is long.
    pub(crate) fn open(path: &Path) -> Result<Source> {
        if path.as_os_str() == STDIN {
            return Source::read(io::stdin().lock(), 0);
        }
        let file = File::open(path)?;
        let about = file.metadata()?;
        ensure!(!about.is_dir(), "is a folder");
        if about.is_file() && about.len() > WHOLE as u64 {
            return Ok(Source { text: Text::File { stamp: Stamp::of(&about), file } });
        }
        let expected = usize::try_from(about.len()).unwrap_or(0).min(WHOLE);
        Source::read(file, expected)
    }

    /// A text in memory.
    #[cfg(test)]
    pub(crate) fn of(text: impl Into<Vec<u8>>) -> Source {
        Source { text: Text::Memory(text.into()) }
    }

    /// Reads a text that is expected to have so many bytes.
    fn read(mut reader: impl Read, expected: usize) -> Result<Source> {
        let mut text = Vec::with_capacity(expected + 1);
        reader.by_ref().take(WHOLE as u64 + 1).read_to_end(&mut text)?;
        if text.len() <= WHOLE {
            return Ok(Source { text: Text::Memory(text) });
        }
        let file = spool(&text, reader)
            .context("is too long for memory, and keeping it in a temporary file failed")?;
        let stamp = Stamp::of(&file.metadata()?);
        Ok(Source { text: Text::File { file, stamp } })
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> u64 {
        match &self.text {
            Text::Memory(text) => text.len() as u64,
            Text::File { stamp, .. } => stamp.len,
        }
    }

    /// All of it, if it is in memory.
    pub(crate) fn in_memory(&self) -> Option<&[u8]> {
        match &self.text {
            Text::Memory(text) => Some(text),
            Text::File { .. } => None,
        }
    }

    /// Whether a NUL byte is among its first 8 KiB.
    pub(crate) fn is_binary(&self) -> Result<bool> {
        Ok(self.part(0..HEAD)?.contains(&0))
    }

    /// Hands over all of it from the beginning, in blocks of `size` bytes where that is given.
    pub(crate) fn blocks(
        &self,
        size: Option<usize>,
        mut each: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        match &self.text {
            Text::Memory(text) => text.chunks(size.unwrap_or(BLOCK)).try_for_each(each),
            Text::File { file, stamp } => {
                let mut file: &File = file;
                file.seek(SeekFrom::Start(0))?;
                let mut block = vec![0; size.unwrap_or(BLOCK).min(BLOCK)];
                let mut left = stamp.len;
                while left > 0 {
                    let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
                    file.read_exact(&mut block[..wanted]).context("became shorter while it was scanned")?;
                    left -= wanted as u64;
                    each(&block[..wanted])?;
                }
                Ok(())
            }
        }
    }

    /// A part of it, cut off at its end.
    pub(crate) fn part(&self, range: Range<u64>) -> Result<Vec<u8>> {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        match &self.text {
            Text::Memory(text) => {
                let local = |offset: u64| usize::try_from(offset).expect("an offset in memory is a usize");
                Ok(text[local(start)..local(end)].to_vec())
            }
            Text::File { file, .. } => {
                let mut file: &File = file;
                file.seek(SeekFrom::Start(start))?;
                let mut part = vec![0; usize::try_from(end - start)?];
                file.read_exact(&mut part).context("became shorter while it was scanned")?;
                Ok(part)
            }
        }
    }

    /// An error if the text was not the same at each reading, so that what is said about it may be about another.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        if let Text::File { file, stamp } = &self.text {
            ensure!(Stamp::of(&file.metadata()?) == *stamp, "changed while it was scanned: scan it again");
        }
        Ok(())
    }
}

/// Copies a text to a file that nobody else can open and that is gone when it is closed.
fn spool(head: &[u8], mut rest: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(head)?;
    let mut block = vec![0; BLOCK];
    loop {
        match rest.read(&mut block) {
            Ok(0) => return Ok(file),
            Ok(n) => file.write_all(&block[..n])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long() -> Vec<u8> {
        (0..WHOLE + 3 * BLOCK / 2).map(|i| u8::try_from(i % 251).unwrap()).collect()
    }

    fn all(source: &Source, size: Option<usize>) -> Vec<u8> {
        let mut text = Vec::new();
        source
            .blocks(size, |block| {
                text.extend_from_slice(block);
                Ok(())
            })
            .unwrap();
        text
    }

    #[test]
    fn a_long_text_from_a_pipe_can_be_read_again() {
        let text = long();
        let source = Source::read(text.as_slice(), 0).unwrap();
        assert!(source.in_memory().is_none());
        assert_eq!(source.len(), text.len() as u64);
        for size in [None, Some(777_777), Some(usize::MAX)] {
            assert!(all(&source, size) == text);
        }
        assert_eq!(source.part(5_000_000..5_000_010).unwrap(), text[5_000_000..5_000_010]);
        source.check_unchanged().unwrap();
    }

    #[test]
    fn a_short_text_stays_in_memory() {
        let source = Source::read(&b"abc"[..], 3).unwrap();
        assert_eq!(source.in_memory(), Some(&b"abc"[..]));
        assert_eq!(all(&source, Some(1)), b"abc");
        assert_eq!(source.part(1..99).unwrap(), b"bc");
        assert_eq!(source.part(7..99).unwrap(), b"");
    }

    #[test]
    fn a_file_that_changes_is_noticed() {
        let named = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(named.path(), long()).unwrap();
        let source = Source::open(named.path()).unwrap();
        source.check_unchanged().unwrap();
        named.as_file().set_len(17).unwrap();
        assert!(source.check_unchanged().is_err());
        assert!(source.blocks(None, |_| Ok(())).is_err());
    }

    #[test]
    fn a_nul_byte_makes_a_text_binary() {
        assert!(Source::of(*b"a\0b").is_binary().unwrap());
        assert!(!Source::of(*b"ab\xff").is_binary().unwrap());
        assert!(!Source::of([&[b' '; 9000][..], &[0]].concat()).is_binary().unwrap());
    }
}
