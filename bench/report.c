// SPDX-License-Identifier: GPL-2.0-only
/*
 * The results: one JSON object a line, and a comment for what is missing.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "bench.h"

static void add_text(struct json_object *row, const char *key, const char *text)
{
	json_object_object_add(row, key, json_object_new_string(text));
}

static void add_number(struct json_object *row, const char *key, uint64_t n)
{
	json_object_object_add(row, key, json_object_new_uint64(n));
}

void report_row(const struct mechanism *m, const struct load *load,
		const struct summary *s)
{
	struct json_object *row = json_object_new_object();
	struct utsname uts;

	uname(&uts);
	add_text(row, "kernel", uts.release);
	add_text(row, "meter", meter_name());
	add_text(row, "mechanism", m->name);
	add_text(row, "series", load->series);
	add_number(row, "bytes", load->bytes);
	add_number(row, "caps", load->caps);
	add_number(row, "n", s->n);
	add_number(row, "min", s->min);
	add_number(row, "p50", s->p50);
	add_number(row, "p90", s->p90);
	add_number(row, "p99", s->p99);
	puts(json_object_to_json_string_ext(row, JSON_C_TO_STRING_PLAIN));
	fflush(stdout);
	json_object_put(row);
}

void report_missing(const struct mechanism *m, const struct load *load,
		    const char *why)
{
	printf("# missing: %s %s %zu %u: %s\n", m->name, load->series,
	       load->bytes, load->caps, why);
	fflush(stdout);
}
