//! Scans a text so many times, through the C ABI or without it; `ffi/test.sh cost` counts the instructions of both.
//!
//! `cost rust|abi TIMES FILE`

use std::error::Error;
use std::{env, fs, ptr};

use hypersieve::{Channel, Config, Policy, Scanner};
use hypersieve_ffi::{
    Status, hypersieve_cache_new, hypersieve_database_builtin, hypersieve_scan, hypersieve_scanner_new,
};

/// What is scanned: the first so many bytes.
const LENGTH: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [mode, times, file] = &arguments[..] else { return Err("usage: cost rust|abi TIMES FILE".into()) };
    let mut text = fs::read(file)?;
    if text.len() < LENGTH {
        return Err(format!("{file}: shorter than {LENGTH} bytes").into());
    }
    text.truncate(LENGTH);
    let times: usize = times.parse()?;
    match mode.as_str() {
        "rust" => rust(&text, times),
        "abi" => abi(&text, times),
        _ => Err(format!("{mode}: use rust or abi").into()),
    }
}

fn rust(text: &[u8], times: usize) -> Result<(), Box<dyn Error>> {
    let database = hypersieve_builtin::database(Config::new());
    let scanner = Scanner::new(&database, Policy::new())?;
    let mut cache = scanner.create_cache();
    for _ in 0..times {
        let verdict = scanner.scan_with(&mut cache, text, Channel::ToolResult)?;
        assert!(verdict.findings().is_empty(), "the text is ordinary");
    }
    Ok(())
}

fn abi(text: &[u8], times: usize) -> Result<(), Box<dyn Error>> {
    let (mut database, mut scanner, mut cache) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: a place for the database.
    check(unsafe { hypersieve_database_builtin(&mut database, ptr::null_mut()) })?;
    // SAFETY: a live handle, and a place for the scanner.
    check(unsafe { hypersieve_scanner_new(database, ptr::null(), &mut scanner, ptr::null_mut()) })?;
    // SAFETY: a live handle, and a place for the cache.
    check(unsafe { hypersieve_cache_new(scanner, &mut cache, ptr::null_mut()) })?;
    for _ in 0..times {
        let (mut verdict, mut error) = (ptr::null(), ptr::null_mut());
        // SAFETY: live handles, a text with its length, and places for the results.
        check(unsafe {
            hypersieve_scan(scanner, cache, text.as_ptr(), text.len(), 2, &mut verdict, &mut error)
        })?;
        // SAFETY: the verdict of a scan that succeeded, before the next one.
        assert_eq!(unsafe { &*verdict }.findings_len, 0, "the text is ordinary");
    }
    Ok(())
}

fn check(status: Status) -> Result<(), String> {
    if status == Status::Ok { Ok(()) } else { Err(format!("{status:?}")) }
}
