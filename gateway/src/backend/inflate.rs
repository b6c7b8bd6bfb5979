//! Answers that a backend compressed although it was asked not to: what passes must have been read.

use std::io::Write;

use flate2::write::{GzDecoder, ZlibDecoder};
use hyper::HeaderMap;
use hyper::header::CONTENT_ENCODING;

use super::LinkError;

/// Undoes the compression of a body that arrives in pieces.
pub(crate) enum Inflate {
    Gzip(GzDecoder<Vec<u8>>),
    Deflate(ZlibDecoder<Vec<u8>>),
}

impl Inflate {
    /// What the headers ask for; `None` if the body is as it is.
    ///
    /// # Errors
    /// If the body is compressed in a way that is not known.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Inflate>, LinkError> {
        let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
        match (encodings.next().map(|value| value.as_bytes().to_ascii_lowercase()), encodings.next()) {
            (None, _) => Ok(None),
            (Some(name), None) if name == b"identity" => Ok(None),
            (Some(name), None) if name == b"gzip" || name == b"x-gzip" => {
                Ok(Some(Inflate::Gzip(GzDecoder::new(Vec::new()))))
            }
            (Some(name), None) if name == b"deflate" => {
                Ok(Some(Inflate::Deflate(ZlibDecoder::new(Vec::new()))))
            }
            (Some(name), _) => {
                let name = String::from_utf8_lossy(&name).into_owned();
                Err(LinkError::Protocol(format!("its answer is encoded as {name:?}, which can't be scanned")))
            }
        }
    }

    /// The text of the next piece, at most `limit` bytes of it.
    ///
    /// # Errors
    /// If the piece is broken, or its text is longer.
    pub(crate) fn push(&mut self, piece: &[u8], limit: usize) -> Result<Vec<u8>, LinkError> {
        let broken =
            |error: std::io::Error| LinkError::Protocol(format!("its compressed answer is broken: {error}"));
        let mut out = Vec::new();
        // Small steps, so that little that is compressed never becomes more than the limit and one step in memory.
        for step in piece.chunks(1 << 10) {
            match self {
                Inflate::Gzip(decoder) => {
                    decoder.write_all(step).and_then(|()| decoder.flush()).map_err(broken)?;
                    out.append(decoder.get_mut());
                }
                Inflate::Deflate(decoder) => {
                    decoder.write_all(step).and_then(|()| decoder.flush()).map_err(broken)?;
                    out.append(decoder.get_mut());
                }
            }
            if out.len() > limit {
                return Err(LinkError::TooLarge(limit));
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn headers(encoding: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, encoding.parse().unwrap())])
    }

    #[test]
    fn bodies_are_inflated_in_pieces_up_to_a_limit() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&[b'a'; 100_000]).unwrap();
        let packed = encoder.finish().unwrap();
        let mut inflate = Inflate::of(&headers("GZIP")).unwrap().unwrap();
        let mut out = Vec::new();
        for piece in packed.chunks(7) {
            out.extend(inflate.push(piece, 100_000).unwrap());
        }
        assert_eq!(out, [b'a'; 100_000]);
        let mut bomb = Inflate::of(&headers("gzip")).unwrap().unwrap();
        assert!(matches!(bomb.push(&packed, 50_000), Err(LinkError::TooLarge(50_000))));
        assert!(Inflate::of(&headers("gzip")).unwrap().unwrap().push(b"plain text", 100).is_err());
    }

    #[test]
    fn other_encodings_are_refused() {
        assert!(Inflate::of(&HeaderMap::new()).unwrap().is_none());
        assert!(Inflate::of(&headers("identity")).unwrap().is_none());
        assert!(Inflate::of(&headers("br")).is_err());
        assert!(Inflate::of(&headers("gzip, gzip")).is_err());
    }
}
