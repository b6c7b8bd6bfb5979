//! A case of a fuzz target: a database of the stock that somebody has changed, and a text to scan with it.

use std::sync::OnceLock;

use hypersieve::oracle::seal;
use hypersieve::{Channel, Config, Database, FilterKind, Policy, Scanner, SimdLevel};

use super::compose::compose;
use super::stock;

/// A changed database and a text.
pub(crate) struct Damage {
    bytes: Vec<u8>,
    config: Config,
    text: Vec<u8>,
}

/// Bytes of a change: where (three), and what stands there then.
const CHANGE: usize = 4;

/// A few rules of the stock at a time, and what they are as bytes.
static WRITTEN: [OnceLock<Vec<u8>>; 8] = [const { OnceLock::new() }; 8];

fn written(which: usize) -> &'static [u8] {
    WRITTEN[which].get_or_init(|| {
        let rules = stock::rules().into_iter().skip(which).step_by(WRITTEN.len());
        let database = Database::builder().rules(rules).build();
        database.unwrap_or_else(|e| panic!("a rule of the stock does not compile: {e}")).to_bytes()
    })
}

impl Damage {
    /// Reads a case: flags, the number of changes, each of them, and then codes of the text; or, as a flag says, all
    /// that follows is the database. Its checksum is made right in either case.
    pub(crate) fn decode(data: &[u8]) -> Option<Damage> {
        let (&[flags, count], rest) = data.split_first_chunk()?;
        let which = usize::from(flags) % WRITTEN.len();
        let samples = stock::samples(&stock::rules());
        let (mut bytes, text) = if flags & 0x80 != 0 {
            (rest.to_vec(), samples.concat())
        } else {
            let (changes, codes) = rest.split_at_checked(usize::from(count) * CHANGE)?;
            let mut bytes = written(which).to_vec();
            for change in changes.chunks_exact(CHANGE) {
                let at = u32::from_le_bytes([change[0], change[1], change[2], 0]) as usize % bytes.len();
                bytes[at] = change[3];
            }
            (bytes, compose(codes, &samples))
        };
        seal(&mut bytes);
        let config = match flags >> 4 & 3 {
            0 => Config::new(),
            1 => Config::new().simd(SimdLevel::Portable),
            2 => Config::new().simd(SimdLevel::Ssse3),
            _ => Config::new().filter(FilterKind::AhoCorasick),
        };
        Some(Damage { bytes, config, text })
    }

    /// The database is refused, or whatever is done with it ends well.
    pub(crate) fn check(&self) {
        let Ok(database) = Database::from_bytes(&self.bytes, self.config) else { return };
        let _ = database.plans();
        let again = Database::from_bytes(&database.to_bytes(), self.config);
        assert_eq!(again.map(|again| again.digest()), Ok(database.digest()), "what is loaded can be written");
        let scanner = Scanner::new(&database, Policy::new()).expect("the empty policy names nothing");
        let _ = scanner.scan(&self.text, Channel::Any);
        let mut stream = scanner.stream(Channel::Any);
        for piece in self.text.chunks(7) {
            if stream.push(piece).is_err() {
                return;
            }
        }
        let _ = stream.finish();
    }
}
