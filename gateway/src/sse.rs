//! Server-sent events: cut out of a stream of bytes, and written.

use bytes::{Buf, Bytes, BytesMut};

/// One event as it stood in the stream, and what it says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    /// The whole block with the blank line that ends it.
    pub(crate) raw: Bytes,
    /// The lines of `data` put together; `None` if there is none.
    pub(crate) data: Option<Bytes>,
    /// `event`, if the event has it.
    pub(crate) name: Option<String>,
    /// The line with the event's `id`, so that it can be kept for another event.
    pub(crate) id: Option<Bytes>,
    /// What else the block holds: comments and fields of unusual names or lengths, which no client shows, but which are text
    /// all the same.
    pub(crate) rest: Vec<u8>,
}

impl Event {
    /// An event of type `message`; `json` must hold no line break.
    pub(crate) fn message(json: &[u8]) -> Event {
        Event::with_id(json, None)
    }

    /// The same with the `id` line of another event.
    pub(crate) fn with_id(json: &[u8], id: Option<&Bytes>) -> Event {
        let mut raw = BytesMut::with_capacity(json.len() + 64);
        raw.extend_from_slice(b"event: message\n");
        if let Some(id) = id {
            raw.extend_from_slice(id);
            raw.extend_from_slice(b"\n");
        }
        raw.extend_from_slice(b"data: ");
        raw.extend_from_slice(json);
        raw.extend_from_slice(b"\n\n");
        let data = Bytes::copy_from_slice(json);
        Event { raw: raw.freeze(), data: Some(data), id: id.cloned(), ..Event::default() }
    }
}

/// Cuts a stream of bytes into events, however it arrives.
#[derive(Debug)]
pub(crate) struct Framer {
    buffer: BytesMut,
    /// Where the line begins that is being looked for the end of.
    line: usize,
    /// Up to where there is no end of a line.
    searched: usize,
    /// The last event ended with CR: a line feed that follows belongs to it.
    after_cr: bool,
    started: bool,
    max_event: usize,
}

/// A field of a known name that is no longer is no text.
const USUAL: usize = 80;

/// May stand at the beginning of a stream, and says nothing.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// An event that is longer than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Framer {
    /// For events of at most so many bytes.
    pub(crate) fn new(max_event: usize) -> Framer {
        Framer { buffer: BytesMut::new(), line: 0, searched: 0, after_cr: false, started: false, max_event }
    }

    /// Takes the next bytes of the stream.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next event that is complete.
    ///
    /// # Errors
    /// If more bytes than an event may have hold no end of it.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, TooLong> {
        if !self.started {
            if self.buffer.len() < BOM.len() && BOM.starts_with(&self.buffer) {
                return Ok(None);
            }
            self.started = true;
            if self.buffer.starts_with(BOM) {
                self.buffer.advance(BOM.len());
            }
        }
        if self.after_cr && !self.buffer.is_empty() {
            self.after_cr = false;
            if self.buffer[0] == b'\n' {
                self.buffer.advance(1);
            }
        }
        while let Some(found) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.searched..]) {
            let end = self.searched + found;
            let is_cr = self.buffer[end] == b'\r';
            let blank = end == self.line;
            // Behind a CR at the end of what has arrived a line feed may follow. A blank line is one all the same.
            let next = match self.buffer.get(end + 1) {
                Some(b'\n') if is_cr => end + 2,
                None if is_cr && !blank => {
                    self.searched = end;
                    return self.wait();
                }
                _ => end + 1,
            };
            self.line = next;
            self.searched = next;
            if blank {
                self.after_cr = is_cr && next == end + 1;
                let raw = self.buffer.split_to(next).freeze();
                (self.line, self.searched) = (0, 0);
                if raw.len() > self.max_event {
                    return Err(TooLong);
                }
                return Ok(Some(read(raw)));
            }
        }
        self.searched = self.buffer.len();
        self.wait()
    }

    fn wait(&self) -> Result<Option<Event>, TooLong> {
        if self.buffer.len() > self.max_event { Err(TooLong) } else { Ok(None) }
    }
}

fn read(raw: Bytes) -> Event {
    let mut event = Event::default();
    let mut data: Vec<Bytes> = Vec::new();
    let mut at = 0;
    while at < raw.len() {
        let end = memchr::memchr2(b'\n', b'\r', &raw[at..]).map_or(raw.len(), |found| at + found);
        let line = raw.slice(at..end);
        at = end + if raw[end..].starts_with(b"\r\n") { 2 } else { 1 };
        let colon = memchr::memchr(b':', &line);
        let mut value = colon.map_or(line.len(), |c| c + 1);
        if line.get(value) == Some(&b' ') {
            value += 1;
        }
        match &line[..colon.unwrap_or(line.len())] {
            b"data" => data.push(line.slice(value.min(line.len())..)),
            field => {
                match field {
                    b"id" => event.id = Some(line.clone()),
                    b"event" => event.name = Some(String::from_utf8_lossy(&line[value..]).into_owned()),
                    _ => {}
                }
                let usual = matches!(field, b"id" | b"event" | b"retry") && line.len() <= USUAL;
                if line.len() > 1 && !usual {
                    event.rest.extend_from_slice(&line);
                    event.rest.push(b'\n');
                }
            }
        }
    }
    event.data = match data.len() {
        0 => None,
        1 => data.pop(),
        _ => Some(data.join(&b'\n').into()),
    };
    event.raw = raw;
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<(Option<String>, Vec<u8>)> {
        let mut framer = Framer::new(1 << 16);
        let mut events = Vec::new();
        for piece in pieces {
            framer.push(piece);
            while let Some(event) = framer.next().unwrap() {
                let data = event.data.map(|d| String::from_utf8(d.to_vec()).unwrap());
                events.push((data, event.raw.to_vec()));
            }
        }
        events
    }

    const STREAM: &[u8] = b"\xef\xbb\xbfid: 1\ndata:\n\n: ping\r\n\r\ndata: a\rdata:b\r\revent: message\r\ndata: {\"x\":1}\r\n\r\nretry: 5\n\ndata: cut";

    #[test]
    fn line_ends_of_all_kinds() {
        let events = all(&[STREAM]);
        let data: Vec<_> = events.iter().map(|e| e.0.as_deref()).collect();
        assert_eq!(data, [Some(""), None, Some("a\nb"), Some("{\"x\":1}"), None]);
        let raw: Vec<u8> = events.iter().flat_map(|e| e.1.clone()).collect();
        assert_eq!(raw, &STREAM[3..STREAM.len() - "data: cut".len()], "nothing is lost, nothing added");
    }

    #[test]
    fn cuts_never_matter() {
        let data =
            |events: Vec<(Option<String>, Vec<u8>)>| events.into_iter().map(|e| e.0).collect::<Vec<_>>();
        let whole = data(all(&[STREAM]));
        for cut in 0..STREAM.len() {
            assert_eq!(data(all(&[&STREAM[..cut], &STREAM[cut..]])), whole, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
        assert_eq!(data(all(&bytes)), whole);
    }

    #[test]
    fn an_event_is_released_with_its_last_byte() {
        let mut framer = Framer::new(100);
        framer.push(b"data: 1\r\n\r");
        assert!(framer.next().unwrap().is_some());
        framer.push(b"\n");
        assert!(framer.next().unwrap().is_none());
        framer.push(b"data: 2\n\n");
        assert_eq!(framer.next().unwrap().unwrap().data.unwrap(), "2");
    }

    #[test]
    fn fields_beside_the_data_are_kept() {
        let mut framer = Framer::new(100);
        framer.push(b"event: endpoint\nid: 7\n: hush\ndata: /m\n\n");
        let event = framer.next().unwrap().unwrap();
        assert_eq!(event.name.as_deref(), Some("endpoint"));
        assert_eq!(event.id.unwrap(), "id: 7");
        assert_eq!(event.rest, b": hush\n");
    }

    #[test]
    fn length_is_limited() {
        let mut framer = Framer::new(10);
        framer.push(b"data: 0123456789");
        assert_eq!(framer.next().unwrap_err(), TooLong);
    }
}
