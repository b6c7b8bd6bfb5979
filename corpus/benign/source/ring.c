/* ring.c - byte ring buffer for the serial console
 *
 * One reader, one writer. The writer only moves `head`, the reader only moves
 * `tail`; with both on one core no lock is needed. Size must be a power of two.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ring.h"

#define MASK(r)  ((r)->size - 1u)
#define MIN(a, b) ((a) < (b) ? (a) : (b))

int ring_init(struct ring *r, uint8_t *mem, uint32_t size)
{
	if (!r || !mem || size < 2 || (size & (size - 1)))
		return -EINVAL;

	memset(r, 0, sizeof(*r));
	r->mem = mem;
	r->size = size;
	return 0;
}

uint32_t ring_used(const struct ring *r)
{
	/* unsigned wrap-around makes this right even after 4 GiB */
	return r->head - r->tail;
}

bool ring_put(struct ring *r, uint8_t byte)
{
	if (ring_used(r) == r->size) {
		r->lost++;
		return false;
	}
	r->mem[r->head++ & MASK(r)] = byte;
	return true;
}

size_t ring_read(struct ring *r, uint8_t *dst, size_t len)
{
	uint32_t used = ring_used(r);
	uint32_t at = r->tail & MASK(r);
	size_t n = MIN(len, used);
	size_t first = MIN(n, (size_t)(r->size - at));

	memcpy(dst, r->mem + at, first);
	memcpy(dst + first, r->mem, n - first);
	r->tail += (uint32_t)n;
	return n;
}

/* Returns the length of the first line including '\n', or 0 if none is complete. */
size_t ring_line(const struct ring *r)
{
	for (uint32_t i = r->tail; i != r->head; i++)
		if (r->mem[i & MASK(r)] == '\n')
			return (size_t)(i - r->tail) + 1;
	return 0;
}
