/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Proof that the bytes of a request have arrived. A server answers every request with
 * 1, or, if the request begins like a control, with a sum of all of its bytes and the
 * number of its capabilities. So every mechanism looks at the first word of each
 * request, and the controls, before and after what is measured, show that the
 * rest is there as well.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bench.h"

#define CONTROL		0xc0ffee11u

/* Was @data filled by control_fill()? With which number? */
static inline bool control_is(const void *data, uint32_t *number)
{
	uint64_t first;

	memcpy(&first, data, sizeof(first));
	*number = (uint32_t)first;
	return first >> 32 == CONTROL;
}

/* More than 0, and so small that those of a burst can be added. */
uint64_t control_sum(const void *data, size_t bytes, unsigned int caps);

/* What a server answers to a request of so many bytes and capabilities. */
static inline uint64_t control_answer(const void *data, size_t bytes,
				      unsigned int caps)
{
	uint32_t number;

	return control_is(data, &number) ? control_sum(data, bytes, caps) : 1;
}

/* The same of all requests of a burst, that stand one behind the other. */
static inline uint64_t control_answers(const void *data, const struct load *load)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < load->burst; i++)
		sum += control_answer((const char *)data + i * load->bytes,
				      load->bytes, 0);
	return sum;
}

/* A server of byte streams: from @in come requests, to @out go their answers; for ever. */
void control_serve(int in, int out, const struct load *load);
/* Bytes that @number chooses, and that a server takes a sum of. */
void control_fill(void *data, size_t bytes, uint32_t number);
/* Bytes that it only counts. */
void control_clear(void *data, size_t bytes);

#endif
