// Compares two runs of the conformance suite check by check: parity.mjs DIRECT GATEWAY LEAST
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [direct, gateway, least] = process.argv.slice(2);

function checks(folder) {
  const all = new Map();
  for (const run of readdirSync(folder)) {
    const scenario = run.replace(/-\d{4}-\d\d-\d\dT.*$/, '');
    const seen = new Map();
    for (const check of JSON.parse(readFileSync(join(folder, run, 'checks.json'), 'utf8'))) {
      const nth = seen.get(check.id) ?? 0;
      seen.set(check.id, nth + 1);
      all.set(`${scenario} / ${check.id} / ${nth}`, check.status);
    }
  }
  return all;
}

const [a, b] = [checks(direct), checks(gateway)];
const names = [...new Set([...a.keys(), ...b.keys()])].sort();
const different = names.filter((name) => a.get(name) !== b.get(name));
for (const name of different) console.log(`differs: ${name}: direct ${a.get(name)}, gateway ${b.get(name)}`);
const passed = [...a.values()].filter((status) => status === 'SUCCESS').length;
console.log(`${names.length} checks, ${passed} of them passed directly, ${different.length} differ`);
// A server that is dead both ways is no parity.
if (different.length > 0 || passed < Number(least)) process.exit(1);
