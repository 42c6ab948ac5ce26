// SPDX-License-Identifier: GPL-2.0-only
#include "control.h"

#define ORDINARY	0x5a

uint64_t control_sum(const void *data, size_t bytes, unsigned int caps)
{
	uint64_t sum = 0xcbf29ce484222325u ^ caps, word;
	size_t i;

	for (i = 0; i + sizeof(word) <= bytes; i += sizeof(word)) {
		memcpy(&word, (const char *)data + i, sizeof(word));
		sum = (sum ^ word) * 0x100000001b3u;
		sum ^= sum >> 29;
	}
	return sum >> 8 | 1;
}

void control_fill(void *data, size_t bytes, uint32_t number)
{
	uint64_t word = (uint64_t)CONTROL << 32 | number;
	size_t i;

	for (i = 0; i + sizeof(word) <= bytes; i += sizeof(word)) {
		memcpy((char *)data + i, &word, sizeof(word));
		word = word * 6364136223846793005u + 1442695040888963407u;
	}
}

void control_clear(void *data, size_t bytes)
{
	memset(data, ORDINARY, bytes);
}

void control_serve(int in, int out, const struct load *load)
{
	size_t size = load->bytes * load->burst;
	char *data = memory(size);
	uint64_t answer;

	for (;;) {
		read_all(in, data, size);
		answer = control_answers(data, load);
		write_all(out, &answer, sizeof(answer));
	}
}
