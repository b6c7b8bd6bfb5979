/* What the tests in C share. */

#ifndef TEST_H
#define TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypersieve.h"

/* Ends the test with the place and the expression that does not hold. */
#define CHECK(holds)                                                                 \
    do {                                                                             \
        if (!(holds)) {                                                              \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds); \
            exit(1);                                                                 \
        }                                                                            \
    } while (0)

/* A pointer and a length of a string literal. */
#define TEXT(literal) (literal), (sizeof(literal) - 1)
#define BYTES(literal) (const uint8_t *)(literal), (sizeof(literal) - 1)

/* Ends the test with the error's message. */
void ok(hypersieve_status status, hypersieve_error **error);

/* Checks the status and that the message holds a word, and frees the error. */
void fails(hypersieve_status status, hypersieve_status expected, hypersieve_error **error, const char *word);

/* Not all: without compiling all built-in rules, which takes minutes under valgrind. */
void test_features(int all);
void test_misuse(void);

/* Compares every `step`th line of a file that verdicts.py wrote with what scans and streams say. */
void test_corpus(const char *expected, int step);

#endif
