'use strict';
// Exact streaming threat scan of what AI agents read and write. Any error means: treat the text as blocked.

const { Handle, HypersieveError, call, make, take } = require('./abi');
const { Blocked, SieveTransform } = require('./transform');
const { Action, Channel, Severity, findings, nameOf, verdict } = require('./verdict');

const utf8 = (string) => {
  const bytes = Buffer.from(string);
  return [bytes, bytes.length];
};

/** Rules compiled into one matcher. */
class Database extends Handle {
  constructor(pointer) {
    super('database', pointer);
  }

  /** The built-in rules. */
  static builtin() {
    return new Database(make('database_builtin'));
  }

  /** Rules from YAML text; `name` stands in messages where a file's name would. */
  static fromYaml(yaml, name = 'rules') {
    return new Database(make('database_from_yaml', ...utf8(yaml), ...utf8(name), 0));
  }

  /** Rules from a YAML file, or from all YAML files in a folder and its subfolders. */
  static fromPath(path) {
    return new Database(make('database_from_path', ...utf8(path), 0));
  }

  /** What `toBytes` gave, with the same version. */
  static fromBytes(bytes) {
    return new Database(make('database_from_bytes', bytes, bytes.length));
  }

  /** The database as bytes. */
  toBytes() {
    return take('database_to_bytes', this.pointer);
  }

  /** The text as it may be printed, with its secrets masked. */
  redact(text) {
    return take('redact', this.pointer, text, text.length, 0, text.length).toString();
  }
}

/** A text that arrives in pieces. However it is cut, the verdict is that of the text as a whole. */
class Stream extends Handle {
  constructor(scanner, channel) {
    super('stream', make('stream_open', scanner.pointer, channel));
  }

  /** Takes the next bytes; tells how many were pushed and cleared, and what the findings so far ask for. */
  push(bytes) {
    return this.#advance('stream_push', bytes, bytes.length);
  }

  /** Judges what is pending as if the text ended here, and clears it. */
  boundary() {
    return this.#advance('stream_boundary');
  }

  #advance(name, ...args) {
    const progress = {};
    call(name, this.pointer, ...args, progress);
    return { pushed: Number(progress.pushed), cleared: Number(progress.cleared), action: progress.action };
  }

  /** The findings that are certain so far. */
  findings() {
    const [found, length] = [[null], [0]];
    call('stream_findings', this.pointer, found, length);
    return findings(found[0], length[0]);
  }

  /** Ends the text and concludes. */
  finish() {
    return verdict(make('stream_finish', this.pointer));
  }
}

/** A database with a policy. */
class Scanner extends Handle {
  #cache;

  /** @param {object} [policy] rule_actions, block_categories, disable and min_severity, as hypersieve.h describes */
  constructor(database, policy = {}) {
    const stated = new Handle('policy', make('policy_from_json', ...utf8(JSON.stringify(policy))));
    try {
      super('scanner', make('scanner_new', database.pointer, stated.pointer));
    } finally {
      stated.close();
    }
  }

  /** Scans a text. */
  scan(text, channel = Channel.ANY) {
    // One is enough: the thread of this code scans one text at a time.
    this.#cache ??= new Handle('cache', make('cache_new', this.pointer));
    return verdict(make('scan', this.pointer, this.#cache.pointer, text, text.length, channel));
  }

  /** Opens a stream. */
  stream(channel = Channel.ANY) {
    return new Stream(this, channel);
  }

  /** A Transform that lets out only what has been judged, and fails with Blocked at `deny` or worse. */
  transform(channel = Channel.ANY, options = {}) {
    return new SieveTransform(this.stream(channel), options);
  }

  close() {
    this.#cache?.close();
    super.close();
  }
}

module.exports = { Action, Blocked, Channel, Database, HypersieveError, Scanner, Severity, SieveTransform, Stream, nameOf };
