//! The committed header is the one that these functions have.

use std::path::Path;
use std::{env, fs};

fn made() -> String {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(crate_folder.join("cbindgen.toml")).expect("cbindgen.toml");
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(crate_folder.join("src/lib.rs"))
        .generate()
        .expect("cbindgen reads the crate");
    let mut header = Vec::new();
    bindings.write(&mut header);
    String::from_utf8(header).expect("a header is text")
}

#[test]
fn header_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/hypersieve.h");
    let made = made();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &made).expect("the header can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "include/hypersieve.h is not that of the functions: \
         UPDATE_GOLDEN=1 cargo test -p hypersieve-ffi --test header writes it; read the difference"
    );
}
