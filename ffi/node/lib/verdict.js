'use strict';
// Verdicts and findings as JavaScript objects: copies, which outlive everything.

const abi = require('./abi');

/** What a verdict asks for; the higher the graver. */
const Action = Object.freeze({ ALLOW: 0, FLAG: 1, QUARANTINE: 2, BLOCK: 3 });

/** How grave a finding is. */
const Severity = Object.freeze({ LOW: 1, MEDIUM: 2, HIGH: 3, CRITICAL: 4 });

/** Where a text comes from. */
const Channel = Object.freeze({ ANY: 0, TOOL_ARGS: 1, TOOL_RESULT: 2, TOOL_DESCRIPTION: 3, MESSAGE: 4 });

/** The word for a number of one of these. */
const nameOf = (numbers, number) => Object.keys(numbers).find((key) => numbers[key] === number).toLowerCase();

/**
 * @typedef {object} Finding
 * @property {string} rule the id of the rule
 * @property {string} category
 * @property {number} severity one of Severity
 * @property {number} channel one of Channel
 * @property {string} view `raw`, or what disguise it was found behind
 * @property {number} start offset in the scanned bytes
 * @property {number} end offset behind the last byte
 * @property {string} matched what stood there; masked where it is a secret
 * @property {?string} pointer where the whole text was one JSON document: the JSON pointer of the string it lies in
 */

/** @returns {Finding[]} */
function findings(pointer, length) {
  return abi.list(pointer, length, abi.Finding).map((f) => {
    const rule = abi.koffi.decode(f.rule, abi.Rule);
    return {
      rule: abi.text(rule.id),
      category: abi.text(rule.category),
      severity: f.severity,
      channel: f.channel,
      view: abi.text(f.view),
      start: Number(f.start),
      end: Number(f.end),
      matched: abi.text(f.matched),
      pointer: f.pointer.data ? abi.text(f.pointer) : null,
    };
  });
}

/**
 * @typedef {object} Verdict
 * @property {number} action one of Action
 * @property {Finding[]} findings sorted by their place; of each rule the first 100
 * @property {Map<string, number>} counts the exact number of findings by the id of their rule
 * @property {string[]} limits the limits that were hit; each of them blocks
 */

/** @returns {Verdict} */
function verdict(pointer) {
  const told = abi.koffi.decode(pointer, abi.Verdict);
  const counts = abi.list(told.counts, told.counts_len, abi.Count);
  return {
    action: told.action,
    findings: findings(told.findings, told.findings_len),
    counts: new Map(counts.map((c) => [abi.text(abi.koffi.decode(c.rule, abi.Rule).id), Number(c.findings)])),
    limits: abi.list(told.limits, told.limits_len, abi.Text).map(abi.text),
  };
}

module.exports = { Action, Channel, Severity, findings, nameOf, verdict };
