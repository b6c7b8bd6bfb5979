//! Files that are looked at until they change.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often files are looked at.
const PAUSE: Duration = Duration::from_secs(1);

/// Files and folders, and how they were when they were last looked at.
///
/// They are looked at once in a while: that works on every file system, and sees files that are replaced, too.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    paths: Vec<PathBuf>,
    seen: Vec<Stamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    path: PathBuf,
    /// `None` if it is not there, or nobody may look.
    state: Option<(SystemTime, u64)>,
}

impl Watched {
    /// Looks at the paths for the first time.
    pub(crate) fn new(paths: Vec<PathBuf>) -> Watched {
        let seen = stamps(&paths);
        Watched { paths, seen }
    }

    /// Ready when something has changed and then stayed so between two looks: a file that is still being written could be read
    /// as one that says less.
    pub(crate) async fn changed(&mut self) {
        let mut last = self.seen.clone();
        loop {
            tokio::time::sleep(PAUSE).await;
            let paths = self.paths.clone();
            let Ok(now) = tokio::task::spawn_blocking(move || stamps(&paths)).await else { continue };
            if now == last && now != self.seen {
                self.seen = now;
                return;
            }
            last = now;
        }
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Stamp> {
    let mut found = Vec::new();
    for path in paths {
        look(path, &mut found);
    }
    found.sort();
    found
}

fn look(path: &Path, found: &mut Vec<Stamp>) {
    let metadata = std::fs::metadata(path).ok();
    if metadata.as_ref().is_some_and(std::fs::Metadata::is_dir) {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            // A link to a folder may lead back here.
            if !entry.file_type().is_ok_and(|kind| kind.is_symlink()) || entry.path().is_file() {
                look(&entry.path(), found);
            }
        }
    }
    let state = metadata.and_then(|found| Some((found.modified().ok()?, found.len())));
    found.push(Stamp { path: path.to_path_buf(), state });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_seen_wherever_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.yaml");
        let rules = folder.path().join("rules");
        std::fs::create_dir_all(rules.join("deep")).unwrap();
        let paths = vec![file.clone(), rules.clone()];
        let mut before = stamps(&paths);
        let mut differs = |what: &str| {
            let now = stamps(&paths);
            assert_ne!(now, before, "{what}");
            assert_eq!(now, stamps(&paths), "{what}: and stays so");
            before = now;
        };
        std::fs::write(&file, "one").unwrap();
        differs("made");
        std::fs::write(&file, "three").unwrap();
        differs("written");
        std::fs::write(rules.join("deep/a.yaml"), "a").unwrap();
        differs("a rule is added");
        let later = SystemTime::now() + Duration::from_secs(5);
        std::fs::File::options().append(true).open(&file).unwrap().set_modified(later).unwrap();
        differs("of the same length");
        std::fs::remove_file(&file).unwrap();
        differs("removed");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path(), rules.join("round")).unwrap();
            differs("a folder changes when a link is put into it, but the link is not followed");
        }
    }
}
