//! An answer that is no stream of events: it is read as it arrives, and held until it is whole.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::Instant;

use super::LinkError;
use super::http::chain;
use super::inflate::Inflate;

/// The body of an answer.
pub(crate) struct Document {
    /// What has arrived and was not given out yet.
    next: Option<Bytes>,
    /// What was given out.
    text: BytesMut,
    /// Where the rest comes from, unless all has arrived.
    rest: Option<Box<Rest>>,
}

struct Rest {
    body: Incoming,
    inflate: Option<Inflate>,
    /// Bytes that may still come.
    left: usize,
    limit: usize,
    timeout: Duration,
    until: Instant,
}

impl From<Bytes> for Document {
    fn from(whole: Bytes) -> Document {
        Document { next: Some(whole), text: BytesMut::new(), rest: None }
    }
}

impl Document {
    /// Waits for the beginning of a body of at most `limit` bytes that arrives within `timeout`.
    ///
    /// # Errors
    /// If it breaks off, is too long or takes too long.
    pub(super) async fn begin(
        body: Incoming,
        inflate: Option<Inflate>,
        limit: usize,
        timeout: Duration,
    ) -> Result<Document, LinkError> {
        if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(LinkError::TooLarge(limit));
        }
        let until = Instant::now() + timeout;
        let mut rest = Rest { body, inflate, left: limit, limit, timeout, until };
        let next = rest.piece().await?;
        let more = next.is_some() && !rest.body.is_end_stream();
        Ok(Document { next, text: BytesMut::new(), rest: more.then(|| Box::new(rest)) })
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_whole() && self.next.as_ref().is_none_or(Bytes::is_empty)
    }

    /// Whether it arrived in one piece.
    pub(crate) fn is_whole(&self) -> bool {
        self.rest.is_none() && self.text.is_empty()
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// If it breaks off, is too long or takes too long.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, LinkError> {
        let mut next = self.next.take();
        if let (None, Some(rest)) = (&next, &mut self.rest) {
            next = rest.piece().await?;
        }
        self.text.extend_from_slice(next.as_deref().unwrap_or_default());
        Ok(next)
    }

    /// The whole, once it has arrived.
    ///
    /// # Errors
    /// As [`next`](Document::next).
    pub(crate) async fn whole(mut self) -> Result<Bytes, LinkError> {
        if self.is_whole() {
            return Ok(self.next.unwrap_or_default());
        }
        while self.next().await?.is_some() {}
        Ok(self.text.freeze())
    }
}

impl Rest {
    async fn piece(&mut self) -> Result<Option<Bytes>, LinkError> {
        loop {
            let frame = tokio::time::timeout_at(self.until, self.body.frame()).await;
            let Some(frame) = frame.map_err(|_| LinkError::Timeout(self.timeout))? else { return Ok(None) };
            let frame = frame.map_err(|error| LinkError::Down(chain(&error)))?;
            let Ok(mut piece) = frame.into_data() else { continue };
            let too_large = LinkError::TooLarge(self.limit);
            if let Some(inflate) = &mut self.inflate {
                match inflate.push(&piece, self.left) {
                    Ok(text) => piece = text.into(),
                    Err(LinkError::TooLarge(_)) => return Err(too_large),
                    Err(error) => return Err(error),
                }
            }
            self.left = self.left.checked_sub(piece.len()).ok_or(too_large)?;
            // Of what is compressed, a piece may hold no text yet.
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }
}
