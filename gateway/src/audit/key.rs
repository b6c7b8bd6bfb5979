//! The key that signs the end of the log.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::chain::Link;
use super::time::Time;
use crate::digest::{hex, unhex};

/// What is signed before everything else, so that no signature of this key means anything elsewhere.
const DOMAIN: &[u8] = b"hypersieve audit signature 1";

/// What a signature says of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// The log held all rows up to this one.
    Tail,
    /// All rows up to this one were taken out for their age.
    Cut,
}

impl Claim {
    pub(super) fn name(self) -> &'static str {
        match self {
            Claim::Tail => "tail",
            Claim::Cut => "cut",
        }
    }
}

/// An Ed25519 key.
pub(super) struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Reads the key, or makes one if there is none; only the user may read the file.
    ///
    /// # Errors
    /// If it can be neither read nor written, or is no key.
    pub(super) fn open(path: &Path) -> io::Result<SigningKey> {
        match fs::read(path) {
            Ok(bytes) => SigningKey::of(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match SigningKey::make(path) {
                // Another gateway on the same folder was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    SigningKey::of(&fs::read(path)?)
                }
                made => made,
            },
            Err(error) => Err(error),
        }
    }

    fn of(pkcs8: &[u8]) -> io::Result<SigningKey> {
        Ed25519KeyPair::from_pkcs8(pkcs8).map(SigningKey).map_err(|why| {
            io::Error::new(io::ErrorKind::InvalidData, format!("it holds no Ed25519 key: {why}"))
        })
    }

    fn make(path: &Path) -> io::Result<SigningKey> {
        let random = SystemRandom::new();
        let made = Ed25519KeyPair::generate_pkcs8(&random)
            .map_err(|_| io::Error::other("the operating system has no random bytes"))?;
        // Written whole under another name first: a key file that is there is complete.
        let folder = path.parent().unwrap_or(Path::new("."));
        let draft = folder.join(format!(".audit-key-{}", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&draft).and_then(|mut file| {
            file.write_all(made.as_ref())?;
            file.sync_all()
        });
        // A link, not a rename: it does not replace the key that another gateway has just made.
        let linked = written.and_then(|()| fs::hard_link(&draft, path));
        let _ = fs::remove_file(&draft);
        linked?;
        SigningKey::of(made.as_ref())
    }

    pub(super) fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(key)
    }

    pub(super) fn sign(&self, claim: Claim, row: Link, time: Time) -> Vec<u8> {
        self.0.sign(&statement(claim, row, time)).as_ref().to_vec()
    }
}

/// The public half of the key: what a log is verified with. Shown and read as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key that signs the log of this database; it lies beside it.
    ///
    /// # Errors
    /// If there is no key, or it can't be read.
    pub fn beside(database: &Path) -> io::Result<PublicKey> {
        let path = database.with_extension("key");
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let bytes = fs::read(&path).map_err(named)?;
        Ok(SigningKey::of(&bytes).map_err(named)?.public())
    }

    pub(super) fn verifies(&self, claim: Claim, row: Link, time: Time, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(&statement(claim, row, time), signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl FromStr for PublicKey {
    type Err = String;

    fn from_str(text: &str) -> Result<PublicKey, String> {
        unhex(text).map(PublicKey).ok_or_else(|| "a public key is 64 hexadecimal digits".to_string())
    }
}

/// All parts have a fixed length but the claim's name, which is one of two that are no part of each other.
fn statement(claim: Claim, row: Link, time: Time) -> Vec<u8> {
    [DOMAIN, claim.name().as_bytes(), &row.id.to_le_bytes(), &row.hash, &time.0.to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.key");
        let key = SigningKey::open(&path).unwrap();
        let again = SigningKey::open(&path).unwrap();
        assert_eq!(key.public(), again.public());
        assert_eq!(PublicKey::beside(&folder.path().join("audit.db")).unwrap(), key.public());
        assert_eq!(key.public().to_string().parse(), Ok(key.public()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
        fs::write(&path, b"nonsense").unwrap();
        assert!(SigningKey::open(&path).is_err(), "a broken key is not replaced");
    }

    #[test]
    fn a_signature_is_for_one_claim() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::open(&folder.path().join("audit.key")).unwrap();
        let (row, time) = (Link { id: 7, hash: [3; 32] }, Time(5));
        let signature = key.sign(Claim::Tail, row, time);
        let fine = |claim, row, time| key.public().verifies(claim, row, time, &signature);
        assert!(fine(Claim::Tail, row, time));
        assert!(!fine(Claim::Cut, row, time));
        assert!(!fine(Claim::Tail, Link { id: 8, ..row }, time));
        assert!(!fine(Claim::Tail, Link { hash: [4; 32], ..row }, time));
        assert!(!fine(Claim::Tail, row, Time(6)));
    }
}
