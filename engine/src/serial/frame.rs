//! The envelope: what the bytes are, which version of the format, whose rules, and that they are whole.

use std::ops::Range;

use crate::error::LoadError;
use crate::serial::checksum;

const MAGIC: [u8; 8] = *b"HYSIEVE\n";

/// Raised with every change of the bytes' meaning, also where only the way an anchor is looked up changes: a filter that
/// reads tables made for another one would miss what it should find.
const VERSION: u32 = 4;

/// Magic, version, checksum, digest, length.
const HEADER: usize = 8 + 4 + 8 + 8 + 8;

/// Where the checksum lies; what follows it is what it is of.
const SUM: Range<usize> = 12..20;

/// Puts what was written into its envelope; the checksum covers the digest and what follows.
pub(crate) fn close(digest: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; 8]);
    bytes.extend_from_slice(&digest.to_le_bytes());
    bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    bytes.extend_from_slice(payload);
    let sum = sum_of(&bytes);
    bytes[SUM].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// The digest, and what was written.
pub(crate) fn open(bytes: &[u8]) -> Result<(u64, &[u8]), LoadError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or_else(LoadError::foreign)?;
    let (version, rest) = rest.split_first_chunk().ok_or_else(LoadError::cut)?;
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        return Err(LoadError::version(version, VERSION));
    }
    let (sum, rest) = rest.split_first_chunk().ok_or_else(LoadError::cut)?;
    let (digest, rest) = rest.split_first_chunk().ok_or_else(LoadError::cut)?;
    let (length, payload) = rest.split_first_chunk().ok_or_else(LoadError::cut)?;
    if u64::from_le_bytes(*length) > payload.len() as u64 {
        return Err(LoadError::cut());
    }
    if u64::from_le_bytes(*sum) != sum_of(bytes) || u64::from_le_bytes(*length) < payload.len() as u64 {
        return Err(LoadError::damaged());
    }
    Ok((u64::from_le_bytes(*digest), payload))
}

/// The checksum of an envelope's bytes, of which there must be enough.
fn sum_of(bytes: &[u8]) -> u64 {
    checksum(&bytes[SUM.end..])
}

/// Makes length, digest and checksum of damaged bytes right, so that what lies behind them is put to the test, too.
#[cfg(any(test, feature = "oracle"))]
pub(crate) fn seal(bytes: &mut [u8]) {
    let Some(payload) = bytes.get(HEADER..) else { return };
    let length = (payload.len() as u64).to_le_bytes();
    let digest = crate::serial::Reader::new(payload).block().map(crate::serial::rules::digest);
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[20..28].copy_from_slice(&digest.unwrap_or(0).to_le_bytes());
    bytes[28..36].copy_from_slice(&length);
    let sum = sum_of(bytes);
    bytes[SUM].copy_from_slice(&sum.to_le_bytes());
}
