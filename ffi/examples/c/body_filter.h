/* A response body filter in the manner of nginx: buffers in a chain come in, and those that were judged go on. */

#ifndef BODY_FILTER_H
#define BODY_FILTER_H

#include <stdbool.h>

#include "hypersieve.h"

/* A buffer of a response, and what follows it. */
struct link {
    const uint8_t *data;
    size_t len;
    bool flush; /* the client waits for this: pass on all that can be */
    bool last;  /* the response ends with it */
    struct link *next;
};

enum body_status { BODY_OK, BODY_BLOCKED };

/* Where buffers go on to: the next filter. */
typedef enum body_status (*body_next)(struct link *chain, void *next_context);

struct body_filter;

/* One for each response. NULL if it can't be made, and then the response must not be sent. */
struct body_filter *body_filter_new(const hypersieve_scanner *scanner, hypersieve_action deny, body_next next,
                                    void *next_context);

/* Takes the buffers of a chain. After BODY_BLOCKED the response is to be cut off: nothing more of it may be sent. */
enum body_status body_filter(struct body_filter *filter, struct link *chain);

void body_filter_free(struct body_filter *filter);

#endif
