/* The library as a C program uses it:  test VERDICTS.tsv [STEP]   with every STEPth text only */

#include "test.h"

void ok(hypersieve_status status, hypersieve_error **error)
{
    if (status == HYPERSIEVE_STATUS_OK) {
        CHECK(*error == NULL);
        return;
    }
    hypersieve_text message = hypersieve_error_message(*error);
    fprintf(stderr, "%s: %.*s\n", hypersieve_status_name(status), (int)message.len, message.data);
    exit(1);
}

void fails(hypersieve_status status, hypersieve_status expected, hypersieve_error **error, const char *word)
{
    hypersieve_text message = hypersieve_error_message(*error);
    char *words = malloc(message.len + 1);
    CHECK(words != NULL);
    memcpy(words, message.data, message.len);
    words[message.len] = '\0';
    if (status != expected || strstr(words, word) == NULL) {
        fprintf(stderr, "not %s with \"%s\", but %s: %s\n", hypersieve_status_name(expected), word,
                hypersieve_status_name(status), words);
        exit(1);
    }
    free(words);
    CHECK(hypersieve_error_status(*error) == expected);
    CHECK(hypersieve_error_free(*error) == HYPERSIEVE_STATUS_OK);
    *error = NULL;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s VERDICTS.tsv [STEP]\n", argv[0]);
        return 2;
    }
    /* What a program asks that loads the library itself. */
    uint32_t built_for = HYPERSIEVE_ABI_VERSION_MAJOR << 16 | HYPERSIEVE_ABI_VERSION_MINOR;
    CHECK(hypersieve_abi_version() >> 16 == built_for >> 16 && hypersieve_abi_version() >= built_for);
    int step = argc > 2 ? atoi(argv[2]) : 1;
    test_features(step == 1);
    test_misuse();
    test_corpus(argv[1], step);
    return 0;
}
