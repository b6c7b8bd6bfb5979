//! The generated files in the repository are what the generator makes.

use std::path::Path;

use hypersieve_corpus::committed::COMMITTED;

#[test]
fn generated_files_are_what_the_generator_makes() {
    for file in COMMITTED {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file.path);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let made = file.text();
        let line = made.lines().zip(text.lines()).position(|(a, b)| a != b);
        assert!(
            made == text,
            "{} differs from what the generator makes (first in line {:?}); \
             `cargo run -p hypersieve-corpus -- --write` writes it anew",
            file.path,
            line.map(|index| index + 1)
        );
    }
}
