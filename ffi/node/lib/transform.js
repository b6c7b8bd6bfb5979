'use strict';
// A stream of Node's that lets out only what has been judged.

const { Transform } = require('node:stream');

const { Action } = require('./verdict');

/** The text asks for more than is let through. */
class Blocked extends Error {
  constructor(action, findings) {
    super(`blocked: ${[...new Set(findings.map((f) => f.rule))].join(', ') || 'a limit'}`);
    this.name = 'Blocked';
    this.action = action;
    this.findings = findings;
  }
}

/**
 * Lets out the bytes that are pushed, each as soon as it has been judged; fails with {@link Blocked} as soon as the text
 * asks for `deny` or worse.
 */
class SieveTransform extends Transform {
  #stream;
  #deny;
  /** Pieces that were not let out yet. */
  #held = [];
  #released = 0;

  constructor(stream, { deny = Action.QUARANTINE } = {}) {
    super();
    this.#stream = stream;
    this.#deny = deny;
  }

  _transform(piece, encoding, done) {
    try {
      const bytes = typeof piece === 'string' ? Buffer.from(piece, encoding) : piece;
      this.#held.push(bytes);
      const progress = this.#stream.push(bytes);
      if (progress.action >= this.#deny) throw new Blocked(progress.action, this.#stream.findings());
      this.#release(progress.cleared);
      done();
    } catch (error) {
      done(error);
    }
  }

  _flush(done) {
    try {
      const verdict = this.#stream.finish();
      if (verdict.action >= this.#deny) throw new Blocked(verdict.action, verdict.findings);
      this.#release(Infinity);
      this.emit('verdict', verdict);
      done();
    } catch (error) {
      done(error);
    }
  }

  _destroy(error, done) {
    this.#held = [];
    this.#stream.close();
    done(error);
  }

  /** Lets out what lies below an offset. */
  #release(cleared) {
    while (this.#held.length > 0 && this.#released < cleared) {
      const first = this.#held[0];
      const count = Math.min(first.length, cleared - this.#released);
      if (count === first.length) this.#held.shift();
      else this.#held[0] = first.subarray(count);
      this.#released += count;
      if (count > 0) this.push(first.subarray(0, count));
    }
  }
}

module.exports = { Blocked, SieveTransform };
