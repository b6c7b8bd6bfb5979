'use strict';
// The C library, loaded and declared: the functions and structs of hypersieve.h.

const koffi = require('koffi');

const ABI_VERSION_MAJOR = 1;

const Text = koffi.struct('hypersieve_text', { data: 'void *', len: 'size_t' });
const Rule = koffi.struct('hypersieve_rule', {
  id: Text,
  name: Text,
  description: Text,
  category: Text,
  set: Text,
  remediation: Text,
  aliases: 'void *',
  aliases_len: 'size_t',
  references: 'void *',
  references_len: 'size_t',
  severities: 'void *',
  severities_len: 'size_t',
  sensitive: 'bool',
});
const Finding = koffi.struct('hypersieve_finding', {
  rule: 'void *',
  start: 'uint64_t',
  end: 'uint64_t',
  severity: 'uint32_t',
  channel: 'uint32_t',
  view: Text,
  matched: Text,
  pointer: Text,
});
const Count = koffi.struct('hypersieve_count', { rule: 'void *', findings: 'uint64_t' });
const Verdict = koffi.struct('hypersieve_verdict', {
  action: 'uint32_t',
  findings: 'void *',
  findings_len: 'size_t',
  counts: 'void *',
  counts_len: 'size_t',
  limits: 'void *',
  limits_len: 'size_t',
});
koffi.struct('hypersieve_progress', { pushed: 'uint64_t', cleared: 'uint64_t', action: 'uint32_t' });

const library = koffi.load(process.env.HYPERSIEVE_LIBRARY || `libhypersieve.so.${ABI_VERSION_MAJOR}`);
const found = library.func('uint32_t hypersieve_abi_version(void)')() >>> 16;
if (found !== ABI_VERSION_MAJOR) {
  throw new Error(`libhypersieve has ABI ${found}, and this package is for ABI ${ABI_VERSION_MAJOR}`);
}

const declared = (signature) => library.func(`int32_t hypersieve_${signature}`);
const BYTES = 'const uint8_t *, size_t';

// Functions that tell errors: in their last argument, which is not listed.
const fallible = Object.fromEntries(
  Object.entries({
    database_builtin: '_Out_ void **',
    database_from_yaml: `${BYTES}, ${BYTES}, uint32_t, _Out_ void **`,
    database_from_path: `${BYTES}, uint32_t, _Out_ void **`,
    database_from_bytes: `${BYTES}, _Out_ void **`,
    database_to_bytes: 'void *, _Out_ void **',
    redact: `void *, ${BYTES}, size_t, size_t, _Out_ void **`,
    policy_from_json: `${BYTES}, _Out_ void **`,
    scanner_new: 'void *, void *, _Out_ void **',
    cache_new: 'void *, _Out_ void **',
    scan: `void *, void *, ${BYTES}, uint32_t, _Out_ void **`,
    stream_open: 'void *, uint32_t, _Out_ void **',
    stream_push: `void *, ${BYTES}, _Out_ hypersieve_progress *`,
    stream_boundary: 'void *, _Out_ hypersieve_progress *',
    stream_findings: 'void *, _Out_ void **, _Out_ size_t *',
    stream_finish: 'void *, _Out_ void **',
  }).map(([name, parameters]) => [name, declared(`${name}(${parameters}, _Out_ void **)`)]),
);
const bufferBytes = declared('buffer_bytes(void *, _Out_ void **, _Out_ size_t *)');
const free = Object.fromEntries(
  ['database', 'policy', 'scanner', 'cache', 'stream', 'buffer', 'error'].map((kind) => [
    kind,
    declared(`${kind}_free(void *)`),
  ]),
);
const errorMessage = library.func('hypersieve_text hypersieve_error_message(void *)');
const statusName = library.func('const char *hypersieve_status_name(int32_t)');

/** A call that failed: treat the text as blocked. */
class HypersieveError extends Error {
  constructor(status, message) {
    super(`${statusName(status)}: ${message}`);
    this.name = 'HypersieveError';
    /** The number of the status. */
    this.status = status;
  }
}

/** Calls a function that tells errors, and throws what it tells. */
function call(name, ...args) {
  const told = [null];
  const status = fallible[name](...args, told);
  if (status === 0) return;
  const message = text(errorMessage(told[0]));
  free.error(told[0]);
  throw new HypersieveError(status, message);
}

/** Calls a function whose last result is a pointer. */
function make(name, ...args) {
  const made = [null];
  call(name, ...args, made);
  return made[0];
}

/** Calls a function whose last result is a buffer, and copies it. */
function take(name, ...args) {
  const buffer = make(name, ...args);
  const [data, len] = [[null], [0]];
  const status = bufferBytes(buffer, data, len);
  try {
    if (status !== 0) throw new HypersieveError(status, 'no bytes');
    return Buffer.from(koffi.decode(data[0], koffi.array('uint8_t', Number(len[0]), 'Typed')));
  } finally {
    free.buffer(buffer);
  }
}

function text({ data, len }) {
  return data && len ? koffi.decode.string(data, Number(len)) : '';
}

function list(pointer, length, type) {
  return length ? koffi.decode(pointer, koffi.array(type, Number(length))) : [];
}

const collected = new FinalizationRegistry(([kind, pointer]) => free[kind](pointer));

/** Something of the library's that is freed once: by `close()`, or when it is collected. */
class Handle {
  #kind;
  #pointer;

  constructor(kind, pointer) {
    this.#kind = kind;
    this.#pointer = pointer;
    collected.register(this, [kind, pointer], this);
  }

  /** @internal */
  get pointer() {
    if (this.#pointer === null) throw new HypersieveError(2, `the ${this.#kind} is closed`);
    return this.#pointer;
  }

  /** Frees it now; what was made with it stays of use. */
  close() {
    if (this.#pointer === null) return;
    collected.unregister(this);
    free[this.#kind](this.#pointer);
    this.#pointer = null;
  }
}

module.exports = { Count, Finding, Handle, HypersieveError, Rule, Text, Verdict, call, koffi, list, make, take, text };
