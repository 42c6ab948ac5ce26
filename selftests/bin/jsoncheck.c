// SPDX-License-Identifier: GPL-2.0-only
/*
 * jsoncheck [PATH[=VALUE]...]: reads one JSON document from each line of stdin,
 * at least one, and checks it against the grammar of RFC 8259. Each PATH
 * (error.errno, messages.0.length) must be there in the last document, with
 * exactly the VALUE, as it stands there or without its quotes.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *at;
	const char *wanted;	/* path to look for, NULL: none */
	const char *found;	/* its value ... */
	size_t found_length;	/* ... in the text */
};

static bool read_value(struct reader *r, const char *path, unsigned int depth);

static void skip_space(struct reader *r)
{
	r->at += strspn(r->at, " \t\r\n");
}

static bool read_escape(struct reader *r)
{
	if (*r->at != 'u')
		return *r->at && strchr("\"\\/bfnrt", *r->at++);
	r->at++;
	for (int i = 0; i < 4; i++)
		if (!isxdigit((unsigned char)*r->at++))
			return false;
	return true;
}

static bool read_string(struct reader *r)
{
	if (*r->at++ != '"')
		return false;
	while (*r->at != '"') {
		unsigned char c = (unsigned char)*r->at++;

		if (c < 0x20 || (c == '\\' && !read_escape(r)))
			return false;
	}
	r->at++;
	return true;
}

static bool read_digits(struct reader *r)
{
	size_t n = strspn(r->at, "0123456789");

	r->at += n;
	return n;
}

static bool read_number(struct reader *r)
{
	r->at += *r->at == '-';
	if (*r->at == '0')
		r->at++;
	else if (!read_digits(r))
		return false;
	if (*r->at == '.') {
		r->at++;
		if (!read_digits(r))
			return false;
	}
	if (*r->at == 'e' || *r->at == 'E') {
		r->at++;
		r->at += *r->at == '+' || *r->at == '-';
		if (!read_digits(r))
			return false;
	}
	return true;
}

static bool read_word(struct reader *r)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if (!strncmp(r->at, words[i], n)) {
			r->at += n;
			return true;
		}
	}
	return false;
}

/* Reads the members of an object or array behind its bracket. */
static bool read_members(struct reader *r, const char *path, bool object,
			 unsigned int depth)
{
	char close = object ? '}' : ']', deeper[256];

	skip_space(r);
	if (*r->at == close)
		return r->at++, true;
	for (unsigned int i = 0;; i++) {
		const char *key;

		skip_space(r);
		key = r->at + 1;
		if (object) {
			if (!read_string(r))
				return false;
			snprintf(deeper, sizeof(deeper), "%s%s%.*s", path, *path ? "." : "",
				 (int)(r->at - 1 - key), key);
			skip_space(r);
			if (*r->at++ != ':')
				return false;
		} else {
			snprintf(deeper, sizeof(deeper), "%s%s%u", path, *path ? "." : "", i);
		}
		if (!read_value(r, deeper, depth))
			return false;
		if (*r->at == close)
			return r->at++, true;
		if (*r->at++ != ',')
			return false;
	}
}

static bool read_value(struct reader *r, const char *path, unsigned int depth)
{
	const char *start;
	bool ok;

	if (depth > 50)
		return false;
	skip_space(r);
	start = r->at;
	if (*r->at == '{' || *r->at == '[')
		ok = read_members(r, path, *r->at++ == '{', depth + 1);
	else if (*r->at == '"')
		ok = read_string(r);
	else if (*r->at == '-' || isdigit((unsigned char)*r->at))
		ok = read_number(r);
	else
		ok = read_word(r);
	if (ok && r->wanted && !strcmp(path, r->wanted)) {
		r->found = start;
		r->found_length = (size_t)(r->at - start);
	}
	skip_space(r);
	return ok;
}

/* Whether @text is one document; finds the wanted path in it. */
static bool read_document(struct reader *r, const char *text)
{
	r->at = text;
	r->found = NULL;
	return read_value(r, "", 0) && !*r->at;
}

static bool has(const char *document, const char *condition)
{
	const char *equals = strchr(condition, '='), *value = equals ? equals + 1 : NULL;
	char *path = strndup(condition, equals ? (size_t)(equals - condition) : strlen(condition));
	struct reader r = { .wanted = path };
	size_t length;
	bool ok = path && read_document(&r, document) && r.found;

	if (ok && value) {
		length = strlen(value);
		ok = (r.found_length == length && !memcmp(r.found, value, length)) ||
		     (*r.found == '"' && r.found_length == length + 2 &&
		      !memcmp(r.found + 1, value, length));
	}
	free(path);
	return ok;
}

int main(int argc, char **argv)
{
	struct reader r = { 0 };
	char *line = NULL, *next = NULL;
	size_t size = 0, next_size = 0;
	int documents = 0;

	while (getline(&next, &next_size, stdin) >= 0) {
		char *swap = line;
		size_t swap_size = size;

		if (!read_document(&r, next)) {
			fprintf(stderr, "jsoncheck: no JSON: %s", next);
			return 1;
		}
		documents++;
		line = next;
		size = next_size;
		next = swap;
		next_size = swap_size;
	}
	if (!documents) {
		fprintf(stderr, "jsoncheck: there is no document\n");
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		if (!has(line, argv[i])) {
			fprintf(stderr, "jsoncheck: not so: %s in %s", argv[i], line);
			return 1;
		}
	}
	free(line);
	free(next);
	return 0;
}
