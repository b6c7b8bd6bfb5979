/* Holds back what has not been judged. Memory: what is held back is at most the database's max_holdback and one buffer. */

#include "body_filter.h"

#include <stdlib.h>
#include <string.h>

struct body_filter {
    hypersieve_stream *stream;
    hypersieve_action deny;
    body_next next;
    void *next_context;
    /* Bytes that were pushed and not passed on; the first of them lies at offset `passed` of the response. */
    uint8_t *held;
    size_t held_len, held_size;
    uint64_t passed;
    bool blocked;
};

struct body_filter *body_filter_new(const hypersieve_scanner *scanner, hypersieve_action deny, body_next next,
                                    void *next_context)
{
    struct body_filter *filter = calloc(1, sizeof *filter);
    if (filter == NULL)
        return NULL;
    filter->deny = deny;
    filter->next = next;
    filter->next_context = next_context;
    if (hypersieve_stream_open(scanner, HYPERSIEVE_CHANNEL_TOOL_RESULT, &filter->stream, NULL) != HYPERSIEVE_STATUS_OK) {
        free(filter);
        return NULL;
    }
    return filter;
}

static bool hold(struct body_filter *filter, const uint8_t *data, size_t len)
{
    if (len == 0)
        return true;
    if (len > filter->held_size - filter->held_len) {
        if (len > SIZE_MAX / 2 - filter->held_len)
            return false;
        size_t size = 2 * (filter->held_len + len);
        uint8_t *larger = realloc(filter->held, size);
        if (larger == NULL)
            return false;
        filter->held = larger;
        filter->held_size = size;
    }
    memcpy(filter->held + filter->held_len, data, len);
    filter->held_len += len;
    return true;
}

/* Passes on what lies below an offset of the response. */
static enum body_status pass(struct body_filter *filter, uint64_t cleared, bool flush, bool last)
{
    size_t len = (size_t)(cleared - filter->passed);
    if (len == 0 && !flush && !last)
        return BODY_OK;
    struct link out = { filter->held, len, flush, last, NULL };
    enum body_status status = filter->next(&out, filter->next_context);
    filter->held_len -= len;
    if (filter->held_len > 0)
        memmove(filter->held, filter->held + len, filter->held_len);
    filter->passed = cleared;
    return status;
}

/* One buffer; every failure ends as blocked. */
static enum body_status take(struct body_filter *filter, const struct link *link)
{
    hypersieve_progress progress;
    if (!hold(filter, link->data, link->len)
        || hypersieve_stream_push(filter->stream, link->data, link->len, &progress, NULL) != HYPERSIEVE_STATUS_OK)
        return BODY_BLOCKED;
    if (link->flush && !link->last
        && hypersieve_stream_boundary(filter->stream, &progress, NULL) != HYPERSIEVE_STATUS_OK)
        return BODY_BLOCKED;
    if (progress.action >= filter->deny)
        return BODY_BLOCKED;
    if (link->last) {
        const hypersieve_verdict *verdict;
        if (hypersieve_stream_finish(filter->stream, &verdict, NULL) != HYPERSIEVE_STATUS_OK
            || verdict->action >= filter->deny)
            return BODY_BLOCKED;
        progress.cleared = progress.pushed;
    }
    return pass(filter, progress.cleared, link->flush, link->last);
}

enum body_status body_filter(struct body_filter *filter, struct link *chain)
{
    for (; chain != NULL && !filter->blocked; chain = chain->next)
        filter->blocked = take(filter, chain) != BODY_OK;
    return filter->blocked ? BODY_BLOCKED : BODY_OK;
}

void body_filter_free(struct body_filter *filter)
{
    if (filter == NULL)
        return;
    hypersieve_stream_free(filter->stream);
    free(filter->held);
    free(filter);
}
