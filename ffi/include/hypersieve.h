/*
 * Hypersieve: scans what AI agents read and write for threats.
 *
 * ANY STATUS BUT HYPERSIEVE_STATUS_OK MEANS: TREAT THE TEXT AS BLOCKED. A failed scan has no verdict, and neither has a
 * stream that is not finished.
 *
 *     hypersieve_database *database;          rules; shared by all threads
 *     hypersieve_scanner *scanner;            rules and a policy; shared by all threads
 *     hypersieve_cache *cache;                one for each thread
 *     const hypersieve_verdict *verdict;      lives until the next call with this cache
 *
 *     if (hypersieve_scan(scanner, cache, text, len, HYPERSIEVE_CHANNEL_TOOL_RESULT, &verdict, NULL)
 *             != HYPERSIEVE_STATUS_OK || verdict->action == HYPERSIEVE_ACTION_BLOCK)
 *         refuse();
 *
 * What holds of all functions:
 *
 * Memory    Who makes something frees it: handles and buffers with the hypersieve_..._free of their type, in any order, and
 *           everything else is yours. A pointer that the library gives out is good for as long as its function says.
 *           The library uses the process' ordinary allocator. When that has no memory left, the process ends.
 * Threads   Databases, scanners, buffers and errors never change: any number of threads may use one at the same time.
 *           Policies, caches and streams take one call at a time, from any thread; a second one at the same time is
 *           refused with HYPERSIEVE_STATUS_BUSY. Freeing a handle while a call uses it is a defect of the caller.
 * Pointers  A pointer with a length may be NULL if the length is 0. The bytes must not change during the call. A pointer
 *           to a result must be writable, and may be NULL only where its function says so. Numbers and texts are checked, and
 *           handles tell by a tag of which kind they are: what is wrong gives HYPERSIEVE_STATUS_INVALID_ARGUMENT or
 *           HYPERSIEVE_STATUS_WRONG_HANDLE. That a handle was freed is noticed as long as its memory is not used again.
 * Errors    `error` may be NULL. Else *error is set to NULL, or, if the call fails, to an error that says why, which you free.
 *           What was there before is not looked at.
 * Results   Handles and verdicts are set to NULL when the call fails.
 * Process   No state beyond the handles but tables that never change; no thread, no signal handler, no environment
 *           variable, no output, no network. Only hypersieve_database_from_path reads files. A defect of the library is
 *           caught at the border as HYPERSIEVE_STATUS_INTERNAL, with a message on standard error.
 *
 * Stability: the layout of the structs, the numbers and what the functions do stay as they are for as long as
 * HYPERSIEVE_ABI_VERSION_MAJOR does. Functions and numbers may be added; so be ready for numbers of statuses that you do
 * not know. What changes more than that has another major number and another soname. Which rules there are, and so what is
 * found, changes with every version.
 *
 * This file is made from ffi/core by `UPDATE_GOLDEN=1 cargo test -p hypersieve-ffi --test header`.
 */

#ifndef HYPERSIEVE_H
#define HYPERSIEVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Results that must not be ignored. */
#if defined(__GNUC__) || defined(__clang__)
#define HYPERSIEVE_MUST_USE __attribute__((warn_unused_result))
#else
#define HYPERSIEVE_MUST_USE
#endif


// In `flags`: the built-in rules come along; none of the others may have a name of theirs.
#define HYPERSIEVE_RULES_WITH_BUILTIN 1

// The ABI that this header describes: callers built with it work with libraries of the same major number and the same
// or a higher minor one. The number in the shared library's soname is the major one.
#define HYPERSIEVE_ABI_VERSION_MAJOR 1

// Raised when something is added.
#define HYPERSIEVE_ABI_VERSION_MINOR 0

// What a call returns. Anything but `HYPERSIEVE_STATUS_OK` means: treat the text as blocked.
//
// Numbers keep their meaning for as long as the ABI's major version does; new ones may come.
enum hypersieve_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It was done.
    HYPERSIEVE_STATUS_OK = 0,
    // A null or misaligned pointer, a length over `PTRDIFF_MAX`, text that is no UTF-8, or a number that stands for
    // nothing. A defect of the caller.
    HYPERSIEVE_STATUS_INVALID_ARGUMENT = 1,
    // A pointer that is no handle of this kind, or one that was freed. A defect of the caller.
    HYPERSIEVE_STATUS_WRONG_HANDLE = 2,
    // Another call is using the handle: another thread's, or the one that this callback was called from.
    HYPERSIEVE_STATUS_BUSY = 3,
    // The cache was made for another database than the scanner's.
    HYPERSIEVE_STATUS_FOREIGN_CACHE = 4,
    // Rules that can't be used; the message says which, where and why.
    HYPERSIEVE_STATUS_INVALID_RULES = 5,
    // Bytes that are no database of this version, or a damaged one.
    HYPERSIEVE_STATUS_INVALID_DATABASE = 6,
    // A policy that can't be read, or that names a rule or a category which the database does not have.
    HYPERSIEVE_STATUS_INVALID_POLICY = 7,
    // The scan could not be carried out.
    HYPERSIEVE_STATUS_SCAN_FAILED = 8,
    // The handle is of no use any more, because an earlier call on it failed midway. Free it.
    HYPERSIEVE_STATUS_POISONED = 9,
    // The stream has ended: nothing can be pushed behind its end.
    HYPERSIEVE_STATUS_ENDED = 10,
    // There is no such rule.
    HYPERSIEVE_STATUS_NOT_FOUND = 11,
    // A defect of this library. The handles of the call are poisoned.
    HYPERSIEVE_STATUS_INTERNAL = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hypersieve_status hypersieve_status;
#else
typedef int32_t hypersieve_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Where a text comes from. It decides which rules watch it, and how grave a finding is.
enum hypersieve_channel
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Not known: every rule at its ordinary severity.
    HYPERSIEVE_CHANNEL_ANY = 0,
    // The arguments of a tool call.
    HYPERSIEVE_CHANNEL_TOOL_ARGS = 1,
    // What a tool answered.
    HYPERSIEVE_CHANNEL_TOOL_RESULT = 2,
    // A tool's own name, description or schema.
    HYPERSIEVE_CHANNEL_TOOL_DESCRIPTION = 3,
    // A message to or from an agent.
    HYPERSIEVE_CHANNEL_MESSAGE = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hypersieve_channel hypersieve_channel;
#else
typedef uint32_t hypersieve_channel;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How grave a finding is.
enum hypersieve_severity
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // In a rule's severities: it does not watch this channel. No finding has it.
    HYPERSIEVE_SEVERITY_NONE = 0,
    // Listed, never a reason for a verdict by itself.
    HYPERSIEVE_SEVERITY_LOW = 1,
    // Flags.
    HYPERSIEVE_SEVERITY_MEDIUM = 2,
    // Quarantines.
    HYPERSIEVE_SEVERITY_HIGH = 3,
    // Blocks.
    HYPERSIEVE_SEVERITY_CRITICAL = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hypersieve_severity hypersieve_severity;
#else
typedef uint32_t hypersieve_severity;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What a verdict asks for, and what a policy can make of a rule's findings.
enum hypersieve_action
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Let it through.
    HYPERSIEVE_ACTION_ALLOW = 0,
    // Let it through and tell somebody.
    HYPERSIEVE_ACTION_FLAG = 1,
    // Hold it back until somebody decides.
    HYPERSIEVE_ACTION_QUARANTINE = 2,
    // Refuse it.
    HYPERSIEVE_ACTION_BLOCK = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum hypersieve_action hypersieve_action;
#else
typedef uint32_t hypersieve_action;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Bytes made by a call, and yours from then on. Any number of threads may read them at the same time.
typedef struct hypersieve_buffer hypersieve_buffer;

// Working memory for scans, and the verdicts of the last one.
//
// One thread at a time: give each thread its own. It may be used with every scanner of its database.
typedef struct hypersieve_cache hypersieve_cache;

// Rules compiled into one matcher.
//
// Never changes: any number of threads may use it at the same time. What is made with it keeps what it needs of it, so
// that it may be freed first.
typedef struct hypersieve_database hypersieve_database;

// Why a call failed, in words.
//
// Made by the call that fails, and yours from then on. Any number of threads may read it at the same time.
typedef struct hypersieve_error hypersieve_error;

// What is done about which findings. Without anything set a critical finding blocks, a high one quarantines, a medium
// one flags and a low one is only listed.
//
// One thread at a time. Scanners copy it, so that it may be changed or freed afterwards.
typedef struct hypersieve_policy hypersieve_policy;

// A database with a policy.
//
// Never changes: any number of threads may use it at the same time. What is made with it keeps what it needs of it, so
// that it may be freed first.
typedef struct hypersieve_scanner hypersieve_scanner;

// A text that arrives in pieces. However it is cut, the verdict is that of the text as a whole.
//
// One thread at a time; it may be another one for each call. After a call that fails it is of no use any more, and what
// it carried must be treated as blocked.
typedef struct hypersieve_stream hypersieve_stream;

// UTF-8 text that this library owns; it does not end with NUL. Where it says "none", `data` is NULL and `len` 0.
typedef struct hypersieve_text {
    // Its first byte.
    const char *data;
    // Its length in bytes.
    size_t len;
} hypersieve_text;

// A rule of a database. It lives as long as the database and everything made with it.
typedef struct hypersieve_rule {
    // Its unique id, such as `PROMPT_INJECTION_001`.
    struct hypersieve_text id;
    // A short name for people.
    struct hypersieve_text name;
    // What it sees and what it does not.
    struct hypersieve_text description;
    // Its category, such as `prompt-injection`.
    struct hypersieve_text category;
    // The set it belongs to: `core`, `extended` or `user`.
    struct hypersieve_text set;
    // What to do about a finding.
    struct hypersieve_text remediation;
    // Other ids that policies may use for it.
    const struct hypersieve_text *aliases;
    // How many aliases there are.
    size_t aliases_len;
    // Where to read more.
    const struct hypersieve_text *references;
    // How many references there are.
    size_t references_len;
    // Its severity on each channel, by the channel's number; `HYPERSIEVE_SEVERITY_NONE` where it does not watch.
    const hypersieve_severity *severities;
    // How many channels there are.
    size_t severities_len;
    // Whether what it finds is a secret or personal data.
    bool sensitive;
} hypersieve_rule;

// A match of a rule.
typedef struct hypersieve_finding {
    // The rule that matched.
    const struct hypersieve_rule *rule;
    // Offset of its first byte in the scanned text.
    uint64_t start;
    // Offset behind its last byte in the scanned text.
    uint64_t end;
    // The rule's severity on the channel that was scanned.
    hypersieve_severity severity;
    // The channel that was scanned.
    hypersieve_channel channel;
    // The name of the view it was found in: `raw` for the text as it is, another one behind some disguise.
    struct hypersieve_text view;
    // What stood there as the view read it, at most 256 bytes of it; masked where it is, or touches, a secret.
    struct hypersieve_text matched;
    // Where the whole text was one JSON document: the JSON pointer (RFC 6901) of the string it lies in; else none.
    struct hypersieve_text pointer;
} hypersieve_finding;

// How often a rule was found.
typedef struct hypersieve_count {
    // The rule.
    const struct hypersieve_rule *rule;
    // The exact number of its findings, also of those that are not listed.
    uint64_t findings;
} hypersieve_count;

// What a scan that was carried out to its end concludes.
typedef struct hypersieve_verdict {
    // What to do with the text.
    hypersieve_action action;
    // Sorted by start, end, rule and view; of each rule the first 100.
    const struct hypersieve_finding *findings;
    // How many findings are listed.
    size_t findings_len;
    // Each rule that was found.
    const struct hypersieve_count *counts;
    // How many rules were found.
    size_t counts_len;
    // The names of the limits that were hit; each of them blocks.
    const struct hypersieve_text *limits;
    // How many limits were hit.
    size_t limits_len;
} hypersieve_verdict;

// A text among others.
typedef struct hypersieve_item {
    // The text; it need not be UTF-8.
    const uint8_t *text;
    // Its length in bytes.
    size_t text_len;
    // Where it comes from: a `hypersieve_channel`.
    uint32_t channel;
} hypersieve_item;

// Called with a finding as soon as it is certain, from within the call on the stream that made it so. The finding lives
// until the callback returns. It must not throw, jump out, or use the stream.
typedef void (*hypersieve_finding_callback)(const struct hypersieve_finding *finding, void *context);

// How far a stream has come.
typedef struct hypersieve_progress {
    // Bytes pushed.
    uint64_t pushed;
    // What lies below this offset has been judged; it never falls. Look at `action` before you release it.
    uint64_t cleared;
    // What the findings so far ask for; it can only become graver.
    hypersieve_action action;
} hypersieve_progress;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Where the bytes are and how many; they live as long as the buffer.
hypersieve_status hypersieve_buffer_bytes(const struct hypersieve_buffer *buffer,
                                          const uint8_t **data,
                                          size_t *len);

// Frees a buffer. NULL is fine.
hypersieve_status hypersieve_buffer_free(struct hypersieve_buffer *buffer);

// The built-in rules. They were compiled when the library was built, so this takes little time.
hypersieve_status hypersieve_database_builtin(struct hypersieve_database **database,
                                              struct hypersieve_error **error);

// Rules from YAML text, compiled. `name` stands in messages where a file's name would; it may be NULL.
//
// `flags`: 0, or `HYPERSIEVE_RULES_WITH_BUILTIN`.
hypersieve_status hypersieve_database_from_yaml(const char *yaml,
                                                size_t yaml_len,
                                                const char *name,
                                                size_t name_len,
                                                uint32_t flags,
                                                struct hypersieve_database **database,
                                                struct hypersieve_error **error);

// Rules from a YAML file, or from all `*.yaml` and `*.yml` files in a folder and its subfolders, compiled.
//
// `flags` as in `hypersieve_database_from_yaml`.
hypersieve_status hypersieve_database_from_path(const char *path,
                                                size_t path_len,
                                                uint32_t flags,
                                                struct hypersieve_database **database,
                                                struct hypersieve_error **error);

// What `hypersieve_database_to_bytes` wrote, with the same version of this library. That takes far less time than to
// compile.
//
// The bytes are checked, not trusted. But whoever can write them decides what is found.
hypersieve_status hypersieve_database_from_bytes(const uint8_t *bytes,
                                                 size_t bytes_len,
                                                 struct hypersieve_database **database,
                                                 struct hypersieve_error **error);

// The database as bytes for `hypersieve_database_from_bytes`.
hypersieve_status hypersieve_database_to_bytes(const struct hypersieve_database *database,
                                               struct hypersieve_buffer **buffer,
                                               struct hypersieve_error **error);

// A number that tells sets of rules apart. It is no signature: anybody can make up rules with any digest.
hypersieve_status hypersieve_database_digest(const struct hypersieve_database *database, uint64_t *digest);

// The most bytes that a stream can have pushed and not yet cleared: how much a proxy must be able to hold back.
hypersieve_status hypersieve_database_max_holdback(const struct hypersieve_database *database,
                                                   uint64_t *bytes);

// Prepares now what is otherwise prepared by the first scans that need it, so that they take no longer than others.
hypersieve_status hypersieve_database_warm(const struct hypersieve_database *database);

// Frees a database. NULL is fine.
hypersieve_status hypersieve_database_free(struct hypersieve_database *database);

// The status of the call that failed; `HYPERSIEVE_STATUS_WRONG_HANDLE` if `error` is no error.
hypersieve_status hypersieve_error_status(const struct hypersieve_error *error);

// The message, for people: UTF-8, one line or many. It lives as long as the error; empty if `error` is none.
struct hypersieve_text hypersieve_error_message(const struct hypersieve_error *error);

// Frees an error. NULL is fine.
hypersieve_status hypersieve_error_free(struct hypersieve_error *error);

// An action in a word, such as `quarantine`: static, ends with NUL; NULL for other numbers.
const char *hypersieve_action_name(uint32_t action);

// A severity in a word, such as `critical`: static, ends with NUL; NULL for other numbers.
const char *hypersieve_severity_name(uint32_t severity);

// A channel in a word, such as `tool_result`: static, ends with NUL; NULL for other numbers.
const char *hypersieve_channel_name(uint32_t channel);

// The channel that a word such as `tool_result` stands for.
hypersieve_status hypersieve_channel_from_name(const char *name,
                                               size_t name_len,
                                               hypersieve_channel *channel);

// A policy with nothing set.
hypersieve_status hypersieve_policy_new(struct hypersieve_policy **policy, struct hypersieve_error **error);

// A policy from JSON, all of it optional:
//
// `{"rule_actions": {"SSRF_001": "block"}, "block_categories": ["pii"], "disable": ["TC-001"], "min_severity": "medium"}`
//
// The actions are `block`, `quarantine`, `allow-and-flag` and `ignore`. Keys and words that mean nothing, and keys that
// stand there twice, are errors.
hypersieve_status hypersieve_policy_from_json(const char *json,
                                              size_t json_len,
                                              struct hypersieve_policy **policy,
                                              struct hypersieve_error **error);

// Sets what the findings of a rule do, by its id or an alias: a `hypersieve_action`. With `HYPERSIEVE_ACTION_ALLOW` they are only
// listed; a blocked category blocks all the same.
hypersieve_status hypersieve_policy_rule_action(struct hypersieve_policy *policy,
                                                const char *id,
                                                size_t id_len,
                                                uint32_t action,
                                                struct hypersieve_error **error);

// Blocks on every finding of a category: one of the database's, or `credentials`, `pii`, `system-prompts`, `exfiltration` or
// `command-execution`, which include related rules of other categories.
hypersieve_status hypersieve_policy_block_category(struct hypersieve_policy *policy,
                                                   const char *category,
                                                   size_t category_len,
                                                   struct hypersieve_error **error);

// Leaves a rule out, by its id or an alias.
hypersieve_status hypersieve_policy_disable(struct hypersieve_policy *policy,
                                            const char *id,
                                            size_t id_len,
                                            struct hypersieve_error **error);

// Leaves out findings below a `hypersieve_severity`, but for those whose rule has an action or whose category is blocked.
hypersieve_status hypersieve_policy_min_severity(struct hypersieve_policy *policy,
                                                 uint32_t severity,
                                                 struct hypersieve_error **error);

// Frees a policy. NULL is fine.
hypersieve_status hypersieve_policy_free(struct hypersieve_policy *policy);

// All rules of a database, in order. They live as long as the database and everything made with it.
hypersieve_status hypersieve_database_rules(const struct hypersieve_database *database,
                                            const struct hypersieve_rule **rules,
                                            size_t *rules_len);

// The rule with an id or an alias; `HYPERSIEVE_STATUS_NOT_FOUND` if there is none.
hypersieve_status hypersieve_database_rule(const struct hypersieve_database *database,
                                           const char *id,
                                           size_t id_len,
                                           const struct hypersieve_rule **rule);

// A scanner; `policy` may be NULL for one with nothing set.
hypersieve_status hypersieve_scanner_new(const struct hypersieve_database *database,
                                         const struct hypersieve_policy *policy,
                                         struct hypersieve_scanner **scanner,
                                         struct hypersieve_error **error);

// Frees a scanner. NULL is fine.
hypersieve_status hypersieve_scanner_free(struct hypersieve_scanner *scanner);

// A cache for the scanners of a database.
hypersieve_status hypersieve_cache_new(const struct hypersieve_scanner *scanner,
                                       struct hypersieve_cache **cache,
                                       struct hypersieve_error **error);

// Frees a cache, and with it the verdicts that it holds. NULL is fine.
hypersieve_status hypersieve_cache_free(struct hypersieve_cache *cache);

// Scans a text; it need not be UTF-8. `channel` is a `hypersieve_channel`.
//
// The verdict and all it points to live until the next call with this cache. If the call fails there is none, and the
// text must be treated as blocked.
HYPERSIEVE_MUST_USE
hypersieve_status hypersieve_scan(const struct hypersieve_scanner *scanner,
                                  struct hypersieve_cache *cache,
                                  const uint8_t *text,
                                  size_t text_len,
                                  uint32_t channel,
                                  const struct hypersieve_verdict **verdict,
                                  struct hypersieve_error **error);

// Scans many texts one after the other; `verdicts` becomes an array of as many verdicts, in the order of the texts.
//
// They and all they point to live until the next call with this cache. If the call fails there are none, and all of the
// texts must be treated as blocked.
HYPERSIEVE_MUST_USE
hypersieve_status hypersieve_scan_batch(const struct hypersieve_scanner *scanner,
                                        struct hypersieve_cache *cache,
                                        const struct hypersieve_item *items,
                                        size_t items_len,
                                        const struct hypersieve_verdict **verdicts,
                                        struct hypersieve_error **error);

// The bytes `from` to `to` (exclusive) of a text as they may be printed: each secret masked that a sensitive rule of
// the database finds in the text as a whole, whatever a policy says about that rule. UTF-8; what is none becomes U+FFFD.
HYPERSIEVE_MUST_USE
hypersieve_status hypersieve_redact(const struct hypersieve_database *database,
                                    const uint8_t *text,
                                    size_t text_len,
                                    size_t from,
                                    size_t to,
                                    struct hypersieve_buffer **buffer,
                                    struct hypersieve_error **error);

// A status in words, such as `invalid rules`: static, ends with NUL; `unknown status` for other numbers.
const char *hypersieve_status_name(int32_t status);

// Opens a stream. `channel` is a `hypersieve_channel`.
hypersieve_status hypersieve_stream_open(const struct hypersieve_scanner *scanner,
                                         uint32_t channel,
                                         struct hypersieve_stream **stream,
                                         struct hypersieve_error **error);

// Has `callback` called for each finding that is not known yet when this is called, once, with `context`. NULL ends
// that.
hypersieve_status hypersieve_stream_on_finding(struct hypersieve_stream *stream,
                                               hypersieve_finding_callback callback,
                                               void *context,
                                               struct hypersieve_error **error);

// Takes the next bytes. `progress` may be NULL.
HYPERSIEVE_MUST_USE
hypersieve_status hypersieve_stream_push(struct hypersieve_stream *stream,
                                         const uint8_t *bytes,
                                         size_t bytes_len,
                                         struct hypersieve_progress *progress,
                                         struct hypersieve_error **error);

// Says that a message ends here: judges what is pending as if the text did, and clears it. What comes later can still
// complete a phrase, which is found then. `progress` may be NULL.
HYPERSIEVE_MUST_USE
hypersieve_status hypersieve_stream_boundary(struct hypersieve_stream *stream,
                                             struct hypersieve_progress *progress,
                                             struct hypersieve_error **error);

// The offset below which all has been judged: those bytes may be released if the action so far lets them pass. 0 if
// the stream has failed or `stream` is none.
uint64_t hypersieve_stream_cleared(const struct hypersieve_stream *stream);

// The findings that are certain so far, sorted as in a verdict. They live until the next call with this stream.
hypersieve_status hypersieve_stream_findings(struct hypersieve_stream *stream,
                                             const struct hypersieve_finding **findings,
                                             size_t *findings_len,
                                             struct hypersieve_error **error);

// Ends the text and concludes. Afterwards the stream can only be freed.
//
// The verdict and all it points to live until then. If the call fails there is none, and the text must be treated as
// blocked; so must a text whose stream is never finished.
HYPERSIEVE_MUST_USE
hypersieve_status hypersieve_stream_finish(struct hypersieve_stream *stream,
                                           const struct hypersieve_verdict **verdict,
                                           struct hypersieve_error **error);

// Frees a stream, and with it its verdict. NULL is fine.
hypersieve_status hypersieve_stream_free(struct hypersieve_stream *stream);

// The ABI of the library that is running: the major number times 65,536, plus the minor one.
uint32_t hypersieve_abi_version(void);

// The version of the library that is running, such as `0.1.0`: static, ends with NUL.
const char *hypersieve_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* HYPERSIEVE_H */
