/* Sends standard input through the filter in buffers of so many bytes:  body_filter SIZE < response
 *
 * Standard output gets what is released. The exit status is 0 if that is all of it, and 1 if the response is blocked. */

#include <stdio.h>
#include <stdlib.h>

#include "body_filter.h"

static enum body_status to_stdout(struct link *chain, void *context)
{
    (void)context;
    for (; chain != NULL; chain = chain->next)
        if (fwrite(chain->data, 1, chain->len, stdout) != chain->len)
            return BODY_BLOCKED;
    return BODY_OK;
}

int main(int argc, char **argv)
{
    size_t size = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    uint8_t *buffer = size > 0 ? malloc(size) : NULL;
    if (buffer == NULL) {
        fprintf(stderr, "usage: %s SIZE < response\n", argv[0]);
        return 2;
    }
    hypersieve_error *error = NULL;
    hypersieve_database *database = NULL;
    hypersieve_scanner *scanner = NULL;
    if (hypersieve_database_builtin(&database, &error) != HYPERSIEVE_STATUS_OK
        || hypersieve_scanner_new(database, NULL, &scanner, &error) != HYPERSIEVE_STATUS_OK) {
        hypersieve_text message = hypersieve_error_message(error);
        fprintf(stderr, "%.*s\n", (int)message.len, message.data);
        return 2;
    }
    struct body_filter *filter = body_filter_new(scanner, HYPERSIEVE_ACTION_QUARANTINE, to_stdout, NULL);
    enum body_status status = filter != NULL ? BODY_OK : BODY_BLOCKED;
    while (status == BODY_OK) {
        struct link link = { buffer, fread(buffer, 1, size, stdin), false, false, NULL };
        link.last = link.len < size;
        status = ferror(stdin) ? BODY_BLOCKED : body_filter(filter, &link);
        if (link.last)
            break;
    }
    body_filter_free(filter);
    hypersieve_scanner_free(scanner);
    hypersieve_database_free(database);
    free(buffer);
    return status == BODY_OK ? 0 : 1;
}
