// A real OpenClaw with tools behind the gateway: openclaw.mjs PROGRAM OPENCLAW
//
// OpenClaw's own gateway runs an agent whose model is a script. The agent gets its tools from `hypersieve serve`, which stands in
// front of `tools.mjs`. What must be seen: tools are listed and called, a poisoned one is not there, a hostile answer does not reach
// the model. Everything is on the loopback interface; nothing is needed but the two programs.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startModel } from './model.mjs';

const [program, openclaw] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'hypersieve-openclaw-'));
const children = [];
const seconds = Number(process.env.E2E_SECONDS ?? 300);

function start(name, command, args, env = {}) {
  const log = openSync(join(work, `${name}.log`), 'w');
  const child = spawn(command, args, { cwd: work, env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
  closeSync(log);
  child.ended = new Promise((end) => child.once('exit', end));
  children.push(child);
  return child;
}

const logged = (name) => readFileSync(join(work, `${name}.log`), 'utf8');
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const freePort = () => new Promise((done) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

// What `look` finds, as soon as it finds something.
async function found(what, child, look) {
  let ended = false;
  child.ended.then(() => { ended = true; });
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(100)) {
    const it = await look();
    if (it) return it;
    if (ended) throw new Error(`${what}: the process ended`);
  }
  throw new Error(`${what}: nothing within ${seconds} s (E2E_SECONDS)`);
}

async function run() {
  const tools = start('tools', process.execPath, [join(here, 'tools.mjs')], { PORT: '0' });
  const server = await found('the tools', tools, () => /^127\.0\.0\.1:\d+$/m.exec(logged('tools'))?.[0]);

  writeFileSync(join(work, 'gateway.yaml'), `mcp_servers: {cities: {url: "http://${server}/mcp"}}\n`);
  const gateway = start('gateway', program, ['serve', '--listen', '127.0.0.1:0', '--config', 'gateway.yaml']);
  const endpoint = await found('hypersieve serve', gateway, () =>
    logged('gateway').includes('agents ') && /http:\/\/127\.0\.0\.1:\d+\/mcp/.exec(logged('gateway'))?.[0]);

  const model = await startModel([['cities__weather', { city: 'Oslo' }], ['cities__page', { city: 'Oslo' }]]);
  const token = randomUUID();
  const port = await freePort();
  writeFileSync(join(work, 'openclaw.json'), JSON.stringify({
    mcp: { servers: { cities: { url: endpoint, transport: 'streamable-http' } } },
    models: { mode: 'merge', providers: { script: {
      baseUrl: model.url, apiKey: 'none', api: 'openai-completions',
      models: [{ id: 'scripted', name: 'Scripted', reasoning: false, input: ['text'], cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, contextWindow: 120000, maxTokens: 4096 }],
    } } },
    agents: { defaults: { model: { primary: 'script/scripted' } } },
    tools: { toolSearch: false },
    gateway: { mode: 'local', bind: 'loopback', port, auth: { mode: 'token', token }, http: { endpoints: { chatCompletions: { enabled: true } } } },
    discovery: { mdns: { mode: 'off' } },
  }));
  const agent = start('openclaw', process.execPath, [openclaw, 'gateway', 'run', '--port', String(port), '--bind', 'loopback', '--allow-unconfigured'], {
    HOME: work, OPENCLAW_HOME: work, OPENCLAW_STATE_DIR: join(work, 'state'), OPENCLAW_CONFIG_PATH: join(work, 'openclaw.json'),
    OPENCLAW_DISABLE_BONJOUR: '1', OPENCLAW_SKIP_CHANNELS: '1',
  });
  await found('OpenClaw', agent, () => fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false));
  const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ model: 'openclaw', user: 'e2e', messages: [{ role: 'user', content: 'What is the weather in Oslo, and what does its page say?' }] }),
    signal: AbortSignal.timeout(seconds * 1000),
  });
  const said = await answer.text();
  model.close();
  return { said, ...model.seen };
}

function check({ said, offered, results }) {
  const [weather = '', page = ''] = results;
  const called = logged('tools').match(/^called .*$/gm) ?? [];
  const checks = [
    ['the tools are listed', offered.has('cities__weather') && offered.has('cities__page')],
    ['the poisoned tool is not', !offered.has('cities__poisoned') && logged('gateway').includes('poisoned')],
    ['a tool is called, and its answer reaches the model', weather.includes('It is 17 degrees and dry in Oslo.')],
    ['the hostile answer is asked for', called.join() === 'called weather,called page'],
    ['it does not reach the model', !page.includes('id_rsa') && !page.includes('collect.example')],
    ['what reaches the model says why', page.includes('blocked by hypersieve: content_blocked')],
    ['the agent goes on to its end', said.includes('The script is at its end after 2 results.')],
  ];
  for (const [what, fine] of checks) console.log(`${fine ? 'ok     ' : 'FAILED '} ${what}`);
  console.log(`the model was offered: ${[...offered].filter((name) => name.startsWith('cities')).sort().join(', ')}`);
  console.log(`the model was told: ${JSON.stringify(results)}`);
  return checks.every(([, fine]) => fine);
}

let fine = false;
try {
  const seen = await run();
  fine = check(seen);
} catch (error) {
  console.log(`FAILED  ${error.message}`);
}
if (!fine) {
  for (const name of ['tools', 'gateway', 'openclaw']) {
    try { console.log(`-- ${name}\n${logged(name).split('\n').slice(-40).join('\n')}`); } catch { /* it was not started */ }
  }
}
for (const child of children) child.kill();
await Promise.all(children.map((child) => Promise.race([child.ended, pause(10_000).then(() => child.kill('SIGKILL'))])));
rmSync(work, { recursive: true, force: true });
process.exit(fine ? 0 : 1);
