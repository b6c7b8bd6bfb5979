//! Checks that a matched span must pass: checksums, entropy, placeholders.
