//! The folder of what outlives the gateway.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes the folder, if it is not there, for its owner alone.
///
/// # Errors
/// If it can't be made.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Options that make a file for its owner alone.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Keeps other processes that ask for the same lock waiting until it is dropped; the folder is made if it is not there.
///
/// # Errors
/// If the file of the lock can't be made.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    path.parent().map_or(Ok(()), make_private)?;
    let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
    file.lock()?;
    Ok(file)
}
