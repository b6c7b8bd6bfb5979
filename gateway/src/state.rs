//! The folder of what outlives the gateway.

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
