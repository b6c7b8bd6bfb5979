//! Names the shared library by the ABI's major version.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    // cargo-c links with a soname of its own making, from the version in Cargo.toml.
    let linux = matches!(of("CARGO_CFG_TARGET_OS").as_str(), "linux" | "freebsd" | "netbsd" | "openbsd");
    if linux && std::env::var_os("CARGO_FEATURE_CAPI").is_none() {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libhypersieve.so.1");
    }
}
