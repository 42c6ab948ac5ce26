// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "control.h"
#include "shared.h"

struct shared *shared_new(const struct load *load)
{
	return memory_shared(sizeof(struct shared) + load->bytes * load->burst);
}

void shared_put(struct shared *shared, const struct load *load)
{
	unsigned int i;

	for (i = 0; i < load->burst; i++)
		memcpy(shared->requests + i * load->bytes, request, load->bytes);
}

void shared_take(struct shared *shared, const struct load *load, char *data)
{
	memcpy(data, shared->requests, load->bytes * load->burst);
	shared->answer = control_answers(data, load);
}
