#!/usr/bin/env bash
# Builds libhypersieve and puts it, its header and hypersieve.pc under a prefix. For those who do not have cargo-c.
#
#   ffi/install.sh PREFIX
set -euo pipefail
prefix="${1:?usage: ffi/install.sh PREFIX}"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

cd "$root"
cargo build --release --package hypersieve-c
built="${CARGO_TARGET_DIR:-$root/target}/release"
abi="$(sed -n 's/^#define HYPERSIEVE_ABI_VERSION_M[AI][JN]OR //p' ffi/include/hypersieve.h | paste -sd.)"
version="$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)"

mkdir -p "$prefix/include" "$prefix/lib/pkgconfig"
prefix="$(cd "$prefix" && pwd)"
install -m 644 ffi/include/hypersieve.h "$prefix/include/"
install -m 644 "$built/libhypersieve.a" "$prefix/lib/"
install -m 755 "$built/libhypersieve.so" "$prefix/lib/libhypersieve.so.$abi"
ln -sf "libhypersieve.so.$abi" "$prefix/lib/libhypersieve.so.${abi%%.*}"
ln -sf "libhypersieve.so.${abi%%.*}" "$prefix/lib/libhypersieve.so"
sed -e "s|@prefix@|$prefix|" -e "s|@version@|$version|" ffi/hypersieve.pc.in >"$prefix/lib/pkgconfig/hypersieve.pc"
