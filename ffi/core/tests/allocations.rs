//! A scan that finds nothing allocates nothing once its cache has been used.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

use hypersieve_ffi::*;

/// The system's allocator; counts what the thread asks of it.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(call: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    call();
    ALLOCATIONS.get() - before
}

#[test]
fn a_scan_without_findings_allocates_nothing() {
    let (mut database, mut scanner, mut cache) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: the pointer is to a place for the database.
    assert_eq!(unsafe { hypersieve_database_builtin(&mut database, ptr::null_mut()) }, Status::Ok);
    // SAFETY: a live handle, and a place for the scanner.
    let made = unsafe { hypersieve_scanner_new(database, ptr::null(), &mut scanner, ptr::null_mut()) };
    assert_eq!(made, Status::Ok);
    // SAFETY: a live handle, and a place for the cache.
    assert_eq!(unsafe { hypersieve_cache_new(scanner, &mut cache, ptr::null_mut()) }, Status::Ok);

    let walk = include_bytes!("../../../corpus/benign/prose/walking-the-canal.txt");
    let json = include_bytes!("../../../corpus/benign/json/weather-and-trains.json");
    let source = include_bytes!("../../../corpus/benign/source/ring.c");
    let long = walk.repeat(40);
    for text in [&[][..], &walk[..100], walk, json, source, &long] {
        let len = text.len();
        let scan = || {
            let mut verdict = ptr::null();
            // SAFETY: live handles, a text with its length, and a place for the verdict.
            let scanned = unsafe {
                hypersieve_scan(scanner, cache, text.as_ptr(), len, 2, &mut verdict, ptr::null_mut())
            };
            assert_eq!(scanned, Status::Ok);
            // SAFETY: the verdict of a scan that succeeded, before the next one.
            let verdict = unsafe { &*verdict };
            assert_eq!((verdict.action, verdict.findings_len), (Action::Allow, 0));
        };
        // The cache grows to what the text needs.
        scan();
        assert_eq!(allocations(scan), 0, "in a text of {len} bytes");
    }

    // SAFETY: nobody uses them any more.
    assert_eq!(unsafe { hypersieve_cache_free(cache) }, Status::Ok);
    // SAFETY: as above.
    assert_eq!(unsafe { hypersieve_scanner_free(scanner) }, Status::Ok);
    // SAFETY: as above.
    assert_eq!(unsafe { hypersieve_database_free(database) }, Status::Ok);
}
