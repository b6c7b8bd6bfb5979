//! The `hypersieve` program.
fn main() {}
