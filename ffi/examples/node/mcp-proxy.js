'use strict';
// Stands between an MCP client and a server that speaks over standard input and output, and scans what they exchange:
//
//     node mcp-proxy.js COMMAND [ARGUMENT...]
//
// A call whose arguments ask for `deny` or worse is answered with an error and never reaches the server; an answer that
// does is replaced by an error. So is what can't be scanned. Each line is one JSON-RPC message, and is scanned as a whole.

const { spawn } = require('node:child_process');
const readline = require('node:readline');

const { Action, Channel, Database, Scanner, nameOf } = require('hypersieve');

/** The error code of what was refused, from the range that JSON-RPC leaves to servers. */
const REFUSED = -32001;

class Hook {
  #scanner;
  #deny;
  /** What the server was asked for, by the id of the request. */
  #asked = new Map();

  constructor(scanner, { deny = Action.QUARANTINE } = {}) {
    this.#scanner = scanner;
    this.#deny = deny;
  }

  /** A line from the client: what goes to the server, and what goes back. */
  fromClient(line) {
    const message = parse(line);
    if (message === null) return { back: refusal(null, 'no JSON-RPC message') };
    const call = message.method === 'tools/call';
    const reason = this.#judge(line, call ? Channel.TOOL_ARGS : Channel.MESSAGE);
    if (reason !== null) return { back: refusal(message.id ?? null, reason) };
    if (message.id !== undefined && message.method) this.#asked.set(message.id, message.method);
    return { on: line };
  }

  /** A line from the server: what goes to the client. */
  fromServer(line) {
    const message = parse(line);
    if (message === null) return refusal(null, 'the server sent no JSON-RPC message');
    const asked = message.method === undefined ? this.#asked.get(message.id) : undefined;
    if (message.method === undefined) this.#asked.delete(message.id);
    const reason = this.#judge(line, asked === 'tools/list' ? Channel.TOOL_DESCRIPTION : Channel.TOOL_RESULT);
    return reason === null ? line : refusal(message.id ?? null, reason);
  }

  /** Why a line must not pass, or null if it may. */
  #judge(line, channel) {
    try {
      const verdict = this.#scanner.scan(Buffer.from(line), channel);
      if (verdict.action < this.#deny) return null;
      const rules = [...verdict.counts.keys()].join(', ') || verdict.limits.join(', ');
      return `${nameOf(Action, verdict.action)}: ${rules}`;
    } catch (error) {
      return `could not be scanned: ${error.message}`;
    }
  }
}

/** A single message; batches, which newer versions of the protocol do not have, are none. */
function parse(line) {
  try {
    const message = JSON.parse(line);
    return message !== null && typeof message === 'object' && !Array.isArray(message) ? message : null;
  } catch {
    return null;
  }
}

function refusal(id, reason) {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code: REFUSED, message: `hypersieve: ${reason}` } });
}

function main([command, ...args]) {
  if (command === undefined) {
    console.error('usage: node mcp-proxy.js COMMAND [ARGUMENT...]');
    process.exit(2);
  }
  const hook = new Hook(new Scanner(Database.builtin()));
  const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const client = readline.createInterface({ input: process.stdin, terminal: false });
  client.on('line', (line) => {
    const { on, back } = hook.fromClient(line);
    if (on !== undefined) server.stdin.write(`${on}\n`);
    if (back !== undefined) process.stdout.write(`${back}\n`);
  });
  client.on('close', () => server.stdin.end());
  readline.createInterface({ input: server.stdout, terminal: false }).on('line', (line) => {
    process.stdout.write(`${hook.fromServer(line)}\n`);
  });
  server.on('error', (error) => {
    console.error(`${command}: ${error.message}`);
    process.exitCode = 2;
    client.close();
  });
  server.on('exit', (code) => (process.exitCode ??= code ?? 1));
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { Hook };
