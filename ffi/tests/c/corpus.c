/* The verdicts and findings of the corpus are those of the program, however the texts are cut. */

#include "test.h"

/* Longest line of the file of verdicts, and of what is put together to compare with it. */
enum { LINE = 1 << 20 };

static uint8_t *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    CHECK(fseek(file, 0, SEEK_END) == 0);
    long end = ftell(file);
    CHECK(end >= 0 && fseek(file, 0, SEEK_SET) == 0);
    *len = (size_t)end;
    uint8_t *bytes = malloc(*len + 1);
    CHECK(bytes != NULL && fread(bytes, 1, *len, file) == *len);
    fclose(file);
    return bytes;
}

/* The line of verdicts.py for a verdict. */
static void tell(char *line, const char *channel, const char *path, const hypersieve_verdict *verdict)
{
    int at = snprintf(line, LINE, "%s\t%s\t%s\t", channel, hypersieve_action_name(verdict->action), path);
    for (size_t i = 0; i < verdict->findings_len; i++) {
        const hypersieve_finding *finding = &verdict->findings[i];
        CHECK(at > 0 && at < LINE - 1024);
        at += snprintf(line + at, (size_t)(LINE - at), "%s%.*s:%llu-%llu:%.*s", i ? " " : "",
                       (int)finding->rule->id.len, finding->rule->id.data, (unsigned long long)finding->start,
                       (unsigned long long)finding->end, (int)finding->view.len, finding->view.data);
    }
}

void test_corpus(const char *expected, int step)
{
    FILE *lines = fopen(expected, "r");
    if (lines == NULL) {
        perror(expected);
        exit(1);
    }
    hypersieve_error *error;
    hypersieve_database *database;
    hypersieve_scanner *scanner;
    hypersieve_cache *cache;
    ok(hypersieve_database_builtin(&database, &error), &error);
    ok(hypersieve_scanner_new(database, NULL, &scanner, &error), &error);
    ok(hypersieve_cache_new(scanner, &cache, &error), &error);

    char *line = malloc(LINE), *said = malloc(LINE);
    CHECK(line != NULL && said != NULL);
    int texts = 0;
    for (int n = 0; fgets(line, LINE, lines) != NULL; n++) {
        if (n % step != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        char *copy = strdup(line);
        CHECK(copy != NULL);
        const char *name = strtok(copy, "\t");
        CHECK(strtok(NULL, "\t") != NULL);
        const char *path = strtok(NULL, "\t");
        hypersieve_channel channel;
        CHECK(hypersieve_channel_from_name(name, strlen(name), &channel) == HYPERSIEVE_STATUS_OK);
        size_t len;
        uint8_t *text = read_file(path, &len);

        const hypersieve_verdict *verdict;
        ok(hypersieve_scan(scanner, cache, text, len, channel, &verdict, &error), &error);
        tell(said, name, path, verdict);
        if (strcmp(said, line) != 0) {
            fprintf(stderr, "the program says:\n%s\nthe library says:\n%s\n", line, said);
            exit(1);
        }

        hypersieve_stream *stream;
        ok(hypersieve_stream_open(scanner, channel, &stream, &error), &error);
        for (size_t from = 0; from < len;) {
            size_t piece = len - from < 1009 ? len - from : 1009;
            ok(hypersieve_stream_push(stream, text + from, piece, NULL, &error), &error);
            from += piece;
        }
        ok(hypersieve_stream_finish(stream, &verdict, &error), &error);
        tell(said, name, path, verdict);
        CHECK(strcmp(said, line) == 0);
        hypersieve_stream_free(stream);
        free(text);
        free(copy);
        texts++;
    }
    CHECK(texts > 0);
    printf("%d texts: verdicts and findings as the program says\n", texts);
    free(line);
    free(said);
    fclose(lines);
    hypersieve_cache_free(cache);
    hypersieve_scanner_free(scanner);
    hypersieve_database_free(database);
}
