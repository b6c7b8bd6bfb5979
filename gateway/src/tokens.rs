//! Bearer tokens of agents: issued once, kept as salted hashes, revoked at once.
//!
//! They are lines of a file in the state folder. A gateway that runs looks at each request whether the file is another one
//! than it has read, so that a token begins and ceases to work without a restart.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::audit::Time;
use crate::digest::{Sha256, hex, unhex};
use crate::state::{self, private};

/// What tokens begin with, so that one is known for a token wherever it turns up.
const MARK: &str = "hsv_";

/// A token that was issued; the token itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// Its name for people; it is also a part of the token.
    pub id: String,
    /// Whose it is.
    pub agent: String,
    /// When it was issued: RFC 3339, UTC.
    pub created: String,
    /// When it was revoked, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
    salt: String,
    /// SHA-256 of the salt and the secret. A secret is 256 random bits: there is nothing to guess that would have to be slow.
    hash: String,
}

/// The tokens of a state folder.
#[derive(Clone, Debug)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// The tokens in this folder, which may not be there yet.
    pub fn in_folder(state: &Path) -> TokenFile {
        TokenFile { path: state.join("tokens.json") }
    }

    /// All that were issued, oldest first, those that are revoked too.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn list(&self) -> io::Result<Vec<Issued>> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.about(&error)),
        };
        serde_json::from_slice(&text).map_err(|error| self.about(&error))
    }

    /// Issues a token for an agent. What is returned beside its record is the token, which can't be had again.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn add(&self, agent: &str) -> io::Result<(Issued, String)> {
        let _lock = self.lock()?;
        let mut all = self.list()?;
        let id = loop {
            let id = random::<4>();
            if all.iter().all(|token| token.id != id) {
                break id;
            }
        };
        let (salt, secret) = (random::<16>(), random::<32>());
        let hash = hex(&salted(&salt, &secret));
        let issued = Issued {
            id: id.clone(),
            agent: agent.to_string(),
            created: Time::now().to_string(),
            revoked: None,
            salt,
            hash,
        };
        all.push(issued.clone());
        self.write(&all)?;
        Ok((issued, format!("{MARK}{id}_{secret}")))
    }

    /// Revokes a token; `None` if there is none of this id. One that was revoked before stays as it is.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn revoke(&self, id: &str) -> io::Result<Option<Issued>> {
        let _lock = self.lock()?;
        let mut all = self.list()?;
        let Some(token) = all.iter_mut().find(|token| token.id == id) else { return Ok(None) };
        token.revoked.get_or_insert_with(|| Time::now().to_string());
        let revoked = token.clone();
        self.write(&all)?;
        Ok(Some(revoked))
    }

    /// Keeps other processes from writing until it is dropped.
    fn lock(&self) -> io::Result<File> {
        state::lock(&self.path.with_extension("lock")).map_err(|error| self.about(&error))
    }

    /// Puts a new file in the place of the old one: who reads sees one or the other, whole.
    fn write(&self, all: &[Issued]) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let text = serde_json::to_vec_pretty(all).expect("tokens are made of texts");
        let written = (|| {
            let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            std::fs::rename(&new, &self.path)
        })();
        written.map_err(|error| self.about(&error))
    }

    fn about(&self, error: &dyn std::fmt::Display) -> io::Error {
        io::Error::other(format!("{}: {error}", self.path.display()))
    }
}

/// The tokens as a gateway knows them.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    file: Option<TokenFile>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    stamp: Option<Stamp>,
    tokens: Arc<[Issued]>,
}

/// What differs between two files of the same name: each is a new one, with an inode and a time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

/// What a bearer token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// It is this agent's.
    Of(String),
    /// It was never issued, or is revoked.
    Refused,
    /// It is none that is issued here.
    Foreign,
}

impl Tokens {
    pub(crate) fn new(state: Option<&Path>) -> Tokens {
        Tokens { file: state.map(TokenFile::in_folder), known: Mutex::default() }
    }

    /// Whose a token is.
    ///
    /// # Errors
    /// If the file can't be read.
    pub(crate) fn bearer(&self, token: &str) -> io::Result<Bearer> {
        let Some((id, secret)) = token.strip_prefix(MARK).and_then(|rest| rest.split_once('_')) else {
            return Ok(Bearer::Foreign);
        };
        let tokens = self.now()?;
        let Some(issued) = tokens.iter().find(|issued| issued.id == id) else { return Ok(Bearer::Refused) };
        let hash = unhex(&issued.hash).unwrap_or_default();
        let same: bool = salted(&issued.salt, secret).ct_eq(&hash).into();
        Ok(if same && issued.revoked.is_none() { Bearer::Of(issued.agent.clone()) } else { Bearer::Refused })
    }

    /// Whether a token was ever issued for an agent, so that its name alone is not believed. One that is revoked counts too:
    /// else to revoke the last one would open the door that it locked.
    ///
    /// # Errors
    /// If the file can't be read.
    pub(crate) fn guards(&self, agent: &str) -> io::Result<bool> {
        Ok(self.now()?.iter().any(|issued| issued.agent == agent))
    }

    fn now(&self) -> io::Result<Arc<[Issued]>> {
        let Some(file) = &self.file else { return Ok(Arc::default()) };
        let stamp = match std::fs::metadata(&file.path) {
            Ok(found) => Some(stamp(&found)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(file.about(&error)),
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.stamp != stamp {
            // Should the file change between the two looks, the next look tells.
            *known = Known { tokens: file.list()?.into(), stamp };
        }
        Ok(known.tokens.clone())
    }
}

fn stamp(found: &std::fs::Metadata) -> io::Result<Stamp> {
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(found);
    #[cfg(not(unix))]
    let inode = 0;
    Ok(Stamp { modified: found.modified()?, length: found.len(), inode })
}

fn salted(salt: &str, secret: &str) -> [u8; 32] {
    let mut hasher = Sha256::default();
    hasher.update(salt.as_bytes());
    hasher.update(secret.as_bytes());
    hasher.finish()
}

fn random<const N: usize>() -> String {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_work_until_they_are_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::in_folder(&folder.path().join("state"));
        let tokens = Tokens::new(Some(&folder.path().join("state")));
        assert!(!tokens.guards("a").unwrap());
        let (first, token) = file.add("a").unwrap();
        let (_, other) = file.add("b").unwrap();
        assert_eq!(tokens.bearer(&token).unwrap(), Bearer::Of("a".into()), "at once");
        assert_eq!(tokens.bearer(&other).unwrap(), Bearer::Of("b".into()));
        assert!(tokens.guards("a").unwrap() && !tokens.guards("c").unwrap());
        let (id, secret) = (&first.id, token.rsplit_once('_').unwrap().1);
        for wrong in [
            format!("hsv_{id}_{}", "0".repeat(64)),
            format!("hsv_{id}_{}", &secret[1..]),
            format!("hsv_00000000_{secret}"),
            format!("hsv_{id}_"),
        ] {
            assert_eq!(tokens.bearer(&wrong).unwrap(), Bearer::Refused, "{wrong}");
        }
        assert_eq!(tokens.bearer("another-scheme-of-tokens").unwrap(), Bearer::Foreign);
        let revoked = file.revoke(id).unwrap().unwrap();
        assert!(revoked.revoked.is_some());
        assert_eq!(tokens.bearer(&token).unwrap(), Bearer::Refused, "at once");
        assert_eq!(tokens.bearer(&other).unwrap(), Bearer::Of("b".into()));
        assert!(tokens.guards("a").unwrap(), "its name alone is not believed again");
        assert_eq!(file.revoke(id).unwrap().unwrap(), revoked, "once is enough");
        assert_eq!(file.revoke("nothing").unwrap(), None);
    }

    #[test]
    fn the_file_holds_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::in_folder(folder.path());
        let (one, token) = file.add("a").unwrap();
        let (two, _) = file.add("a").unwrap();
        let secret = token.rsplit_once('_').unwrap().1;
        let text = std::fs::read_to_string(folder.path().join("tokens.json")).unwrap();
        assert!(!text.contains(secret) && secret.len() == 64);
        assert_ne!(one.salt, two.salt);
        assert_ne!(one.hash, hex(&crate::digest::sha256(secret.as_bytes())), "salted");
        assert_eq!(file.list().unwrap(), [one, two]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join("tokens.json")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn none_is_lost_when_many_are_issued_at_once() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for n in 0..16 {
                let file = TokenFile::in_folder(folder.path());
                scope.spawn(move || file.add(&format!("agent-{n}")).unwrap());
            }
        });
        assert_eq!(TokenFile::in_folder(folder.path()).list().unwrap().len(), 16);
    }

    #[test]
    fn a_broken_file_lets_nobody_in() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tokens.json"), "[{]").unwrap();
        let tokens = Tokens::new(Some(folder.path()));
        assert!(tokens.guards("a").unwrap_err().to_string().contains("tokens.json"));
        assert!(tokens.bearer("hsv_1_2").is_err());
    }
}
