/* Whatever a caller does wrong ends in a status, and leaves no verdict. */

#include "test.h"

void test_misuse(void)
{
    hypersieve_error *error;
    hypersieve_database *database, *other;
    hypersieve_scanner *scanner, *foreign;
    hypersieve_cache *cache;
    hypersieve_stream *stream;
    hypersieve_policy *policy;
    const hypersieve_verdict *verdict = (const hypersieve_verdict *)&error;

    fails(hypersieve_database_builtin(NULL, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT, &error, "NULL");
    ok(hypersieve_database_builtin(&database, &error), &error);
    ok(hypersieve_database_builtin(&other, &error), &error);
    ok(hypersieve_scanner_new(database, NULL, &scanner, &error), &error);
    ok(hypersieve_scanner_new(other, NULL, &foreign, &error), &error);
    ok(hypersieve_cache_new(scanner, &cache, &error), &error);

    /* Wrong handles, lengths and numbers. */
    fails(hypersieve_scan(NULL, cache, BYTES("x"), 0, &verdict, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT, &error,
          "the scanner is NULL");
    CHECK(verdict == NULL);
    fails(hypersieve_scan((const hypersieve_scanner *)database, cache, BYTES("x"), 0, &verdict, &error),
          HYPERSIEVE_STATUS_WRONG_HANDLE, &error, "no scanner");
    fails(hypersieve_scan(scanner, (hypersieve_cache *)scanner, BYTES("x"), 0, &verdict, &error),
          HYPERSIEVE_STATUS_WRONG_HANDLE, &error, "no cache");
    fails(hypersieve_scan(scanner, cache, NULL, 1, 0, &verdict, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT, &error,
          "text: a NULL pointer with a length of 1");
    fails(hypersieve_scan(scanner, cache, (const uint8_t *)"x", (size_t)-1, 0, &verdict, &error),
          HYPERSIEVE_STATUS_INVALID_ARGUMENT, &error, "negative");
    fails(hypersieve_scan(scanner, cache, (const uint8_t *)"x", (size_t)PTRDIFF_MAX + 1, 0, &verdict, &error),
          HYPERSIEVE_STATUS_INVALID_ARGUMENT, &error, "no memory is");
    fails(hypersieve_scan(scanner, cache, BYTES("x"), 5, &verdict, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT,
          &error, "5 is no channel");
    fails(hypersieve_scan(scanner, cache, BYTES("x"), 0, NULL, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT, &error,
          "verdict: NULL");
    fails(hypersieve_scan(foreign, cache, BYTES("x"), 0, &verdict, &error), HYPERSIEVE_STATUS_FOREIGN_CACHE, &error,
          "another database");
    CHECK(verdict == NULL);
    CHECK(hypersieve_scan(scanner, cache, BYTES("x"), 9, &verdict, NULL) == HYPERSIEVE_STATUS_INVALID_ARGUMENT);
    /* None of that has harmed them. */
    ok(hypersieve_scan(scanner, cache, NULL, 0, 0, &verdict, &error), &error);
    CHECK(verdict->action == HYPERSIEVE_ACTION_ALLOW);
    const hypersieve_item item = { (const uint8_t *)"x", (size_t)-1, 0 };
    fails(hypersieve_scan_batch(scanner, cache, &item, 1, &verdict, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT,
          &error, "text");
    fails(hypersieve_scan_batch(scanner, cache, &item, (size_t)-1 / 2, &verdict, &error),
          HYPERSIEVE_STATUS_INVALID_ARGUMENT, &error, "items");

    /* A stream that missed something says no more. */
    ok(hypersieve_stream_open(scanner, HYPERSIEVE_CHANNEL_ANY, &stream, &error), &error);
    ok(hypersieve_stream_push(stream, BYTES("fine"), NULL, &error), &error);
    fails(hypersieve_stream_push(stream, NULL, 7, NULL, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT, &error, "bytes");
    CHECK(hypersieve_stream_cleared(stream) == 0);
    fails(hypersieve_stream_push(stream, BYTES("x"), NULL, &error), HYPERSIEVE_STATUS_POISONED, &error, "blocked");
    fails(hypersieve_stream_boundary(stream, NULL, &error), HYPERSIEVE_STATUS_POISONED, &error, "blocked");
    fails(hypersieve_stream_finish(stream, &verdict, &error), HYPERSIEVE_STATUS_POISONED, &error, "blocked");
    CHECK(verdict == NULL);
    hypersieve_stream_free(stream);
    fails(hypersieve_stream_open(scanner, 77, &stream, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT, &error, "77");
    CHECK(stream == NULL && hypersieve_stream_cleared(NULL) == 0);

    /* Rules, databases and policies that are none. */
    hypersieve_database *none = database;
    fails(hypersieve_database_from_yaml(TEXT("id: X_001\nseverty: high\n"), TEXT("mine.yaml"), 0, &none, &error),
          HYPERSIEVE_STATUS_INVALID_RULES, &error, "mine.yaml");
    CHECK(none == NULL);
    fails(hypersieve_database_from_yaml(TEXT(""), NULL, 0, 0, &none, &error), HYPERSIEVE_STATUS_INVALID_RULES, &error,
          "no rule");
    fails(hypersieve_database_from_yaml(TEXT("\xff"), NULL, 0, 0, &none, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT,
          &error, "UTF-8");
    fails(hypersieve_database_from_yaml(TEXT(""), NULL, 0, 64, &none, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT,
          &error, "flags");
    fails(hypersieve_database_from_path(TEXT("no/such/folder"), 0, &none, &error), HYPERSIEVE_STATUS_INVALID_RULES,
          &error, "no/such/folder");
    fails(hypersieve_database_from_bytes(BYTES("nonsense"), &none, &error), HYPERSIEVE_STATUS_INVALID_DATABASE,
          &error, "no database");
    fails(hypersieve_policy_from_json(TEXT("{\"min_severty\": 1}"), &policy, &error), HYPERSIEVE_STATUS_INVALID_POLICY,
          &error, "min_severty");
    ok(hypersieve_policy_new(&policy, &error), &error);
    fails(hypersieve_policy_rule_action(policy, TEXT("X"), 17, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT, &error,
          "action");
    fails(hypersieve_policy_min_severity(policy, 0, &error), HYPERSIEVE_STATUS_INVALID_ARGUMENT, &error, "severity");
    ok(hypersieve_policy_disable(policy, TEXT("NO_SUCH_RULE"), &error), &error);
    hypersieve_scanner *refused = scanner;
    fails(hypersieve_scanner_new(database, policy, &refused, &error), HYPERSIEVE_STATUS_INVALID_POLICY, &error,
          "NO_SUCH_RULE");
    CHECK(refused == NULL);

    /* Freeing: NULL is fine, the wrong kind is not. */
    CHECK(hypersieve_policy_free((hypersieve_policy *)cache) == HYPERSIEVE_STATUS_WRONG_HANDLE);
    CHECK(hypersieve_policy_free(policy) == HYPERSIEVE_STATUS_OK);
    CHECK(hypersieve_cache_free(NULL) == HYPERSIEVE_STATUS_OK);
    CHECK(hypersieve_error_free(NULL) == HYPERSIEVE_STATUS_OK);
    CHECK(hypersieve_error_status((const hypersieve_error *)cache) == HYPERSIEVE_STATUS_WRONG_HANDLE);
    CHECK(hypersieve_error_message(NULL).len == 0);
    CHECK(hypersieve_action_name(4) == NULL && hypersieve_severity_name(9) == NULL);
    CHECK(strcmp(hypersieve_status_name(99), "unknown status") == 0);
    hypersieve_channel channel;
    CHECK(hypersieve_channel_from_name(TEXT("nowhere"), &channel) == HYPERSIEVE_STATUS_INVALID_ARGUMENT);

    hypersieve_cache_free(cache);
    hypersieve_scanner_free(foreign);
    hypersieve_scanner_free(scanner);
    hypersieve_database_free(other);
    hypersieve_database_free(database);
    puts("misuse: refused");
}
