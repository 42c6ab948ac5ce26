// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output. Each fact is written once: a command fills a document, or a table,
 * and this file prints it for people or as JSON, one document a line.
 */
#include <errno.h>
#include <json-c/json.h>
#include <libsmartcols/libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capctl.h"

bool colour_wanted(int fd)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return !(no_colour && *no_colour) && !(term && !strcmp(term, "dumb")) &&
	       isatty(fd);
}

/* ---- documents ---- */

/* Finds or makes the objects of a dotted path; returns the last name in it. */
static const char *doc_descend(struct json_object **doc, const char *path)
{
	const char *dot;

	while ((dot = strchr(path, '.'))) {
		char *name = strndup(path, (size_t)(dot - path));
		struct json_object *next;

		if (!name)
			return path;
		if (!json_object_object_get_ex(*doc, name, &next)) {
			next = json_object_new_object();
			json_object_object_add(*doc, name, next);
		}
		free(name);
		*doc = next;
		path = dot + 1;
	}
	return path;
}

void doc_u64(struct json_object *doc, const char *path, uint64_t value)
{
	path = doc_descend(&doc, path);
	json_object_object_add(doc, path, json_object_new_uint64(value));
}

void doc_str(struct json_object *doc, const char *path, const char *value)
{
	path = doc_descend(&doc, path);
	json_object_object_add(doc, path, json_object_new_string(value));
}

void doc_address(struct json_object *doc, const char *path, uint64_t address)
{
	char text[CAPMSG_ADDRESS_TEXT];

	doc_str(doc, path, address_text(address, text));
}

/* Bits in hex: numbers of 64 bits do not get through every reader of JSON. */
void doc_bits(struct json_object *doc, const char *path, uint64_t bits)
{
	char text[20];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)bits);
	doc_str(doc, path, text);
}

/* How many bytes the UTF-8 sequence at @data has, 0 if it is none. */
static size_t utf8_length(const unsigned char *data, size_t length)
{
	size_t n = data[0] < 0x80 ? 1 : (data[0] & 0xe0) == 0xc0 ? 2 :
		   (data[0] & 0xf0) == 0xe0 ? 3 : (data[0] & 0xf8) == 0xf0 ? 4 : 0;

	if (!n || n > length || data[0] == 0xc0 || data[0] == 0xc1 || data[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((data[i] & 0xc0) != 0x80)
			return 0;
	if ((data[0] == 0xe0 && data[1] < 0xa0) || (data[0] == 0xed && data[1] > 0x9f) ||
	    (data[0] == 0xf0 && data[1] < 0x90) || (data[0] == 0xf4 && data[1] > 0x8f))
		return 0;
	return n;
}

bool text_is_utf8(const unsigned char *data, size_t length)
{
	while (length) {
		size_t n = utf8_length(data, length);

		if (!n || *data == 0x7f || (*data < 0x20 && !strchr("\t\n\r", *data)) || !*data)
			return false;
		data += n;
		length -= n;
	}
	return true;
}

/* Bytes as text where they are text, in hex where they are not. */
void doc_bytes(struct json_object *doc, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	char *hex;

	if (text_is_utf8(bytes, length)) {
		json_object_object_add(doc, "text",
				       json_object_new_string_len(length ? data : "",
								  (int)length));
		return;
	}
	hex = malloc(length * 2 + 1);
	if (!hex)
		return;
	for (size_t i = 0; i < length; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	doc_str(doc, "hex", hex);
	free(hex);
}

/* Appends an object to an array of the document. */
struct json_object *doc_add(struct json_object *doc, const char *array)
{
	struct json_object *list, *item = json_object_new_object();

	if (!json_object_object_get_ex(doc, array, &list)) {
		list = json_object_new_array();
		json_object_object_add(doc, array, list);
	}
	json_object_array_add(list, item);
	return item;
}

/* What tells programs which document this is; people know what they have typed. */
static bool is_label(const char *key)
{
	return !strcmp(key, "schema") || !strcmp(key, "command");
}

static size_t key_width(struct json_object *doc)
{
	size_t width = 0;

	json_object_object_foreach(doc, key, value) {
		size_t n = is_label(key) ? 0 : strlen(key);

		if (json_object_is_type(value, json_type_object))
			n += 1 + key_width(value);
		width = n > width ? n : width;
	}
	return width;
}

static void print_lines(struct json_object *doc, const char *prefix, size_t width)
{
	json_object_object_foreach(doc, key, value) {
		char *name;

		if (is_label(key))
			continue;
		if (asprintf(&name, "%s%s", prefix, key) < 0)
			return;
		if (json_object_is_type(value, json_type_object)) {
			char *deeper = NULL;

			if (asprintf(&deeper, "%s.", name) >= 0)
				print_lines(value, deeper, width);
			free(deeper);
		} else if (json_object_is_type(value, json_type_array)) {
			for (size_t i = 0; i < json_object_array_length(value); i++) {
				struct json_object *item = json_object_array_get_idx(value, i);

				if (i)
					putchar('\n');
				print_lines(item, "", key_width(item));
			}
		} else {
			printf("%-*s  %s\n", (int)width, name, json_object_get_string(value));
		}
		free(name);
	}
}

void doc_line(struct json_object *doc, bool err)
{
	fprintf(err ? stderr : stdout, "%s\n",
		json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* Prints the document of the command that has just succeeded. */
void doc_print(struct context *ctx)
{
	if (ctx->json)
		doc_line(ctx->doc, false);
	else
		print_lines(ctx->doc, "", key_width(ctx->doc));
	fflush(stdout);
}

/* ---- tables ---- */

struct table {
	struct context *ctx;
	const char *name;
	struct libscols_table *scols;
	struct libscols_line *line;
	size_t n_columns;
	int where[];		/* column of ours -> column shown, or -1 */
};

static int find_column(const struct column *columns, size_t n, const char *name,
		       size_t length)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(columns[i].name) == length &&
		    !strncasecmp(columns[i].name, name, length))
			return (int)i;
	return -1;
}

static void add_column(struct table *table, const struct column *column)
{
	bool json = table->ctx->json;
	struct libscols_column *col;
	char *name = strdup(column->name);

	for (char *c = name; name && !json && *c; c++)
		*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	col = scols_table_new_column(table->scols, name ? name : column->name, 0,
				     column->right ? SCOLS_FL_RIGHT : 0);
	free(name);
	if (col)
		scols_column_set_json_type(col, column->number ? SCOLS_JSON_NUMBER :
								 SCOLS_JSON_STRING);
}

/* Adds the columns of -o, or all. Returns a status. */
static int choose_columns(struct table *table, const struct column *columns)
{
	const char *wanted = table->ctx->columns;
	int n = 0;

	for (size_t i = 0; i < table->n_columns; i++)
		table->where[i] = -1;
	for (size_t i = 0; !wanted && i < table->n_columns; i++) {
		add_column(table, &columns[i]);
		table->where[i] = n++;
	}
	while (wanted) {
		size_t length = strcspn(wanted, ",");
		int i = find_column(columns, table->n_columns, wanted, length);

		if (i < 0 || table->where[i] >= 0)
			return usage(table->ctx, "the heading of the table shows the names of its columns",
				     "-o: '%.*s' is no column here, or is named twice",
				     (int)length, wanted);
		add_column(table, &columns[i]);
		table->where[i] = n++;
		wanted = wanted[length] ? wanted + length + 1 : NULL;
	}
	return STATUS_OK;
}

/* Makes a table; NULL if -o is wrong, which has been reported. */
struct table *table_new(struct context *ctx, const char *name,
			const struct column *columns, size_t n_columns)
{
	struct table *table = calloc(1, sizeof(*table) + n_columns * sizeof(int));

	if (!table)
		return NULL;
	table->ctx = ctx;
	table->name = name;
	table->n_columns = n_columns;
	table->scols = scols_new_table();
	if (!table->scols || choose_columns(table, columns)) {
		scols_unref_table(table->scols);
		free(table);
		return NULL;
	}
	scols_table_set_name(table->scols, name);
	scols_table_enable_json(table->scols, ctx->json);
	scols_table_enable_noheadings(table->scols, ctx->no_headings);
	scols_table_enable_colors(table->scols, colour_wanted(STDOUT_FILENO));
	return table;
}

void table_line(struct table *table)
{
	table->line = scols_table_new_line(table->scols, NULL);
}

void table_cell(struct table *table, size_t column, const char *fmt, ...)
{
	va_list args;
	char *text;

	if (table->where[column] < 0 || !table->line)
		return;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) >= 0)
		scols_line_refer_data(table->line, (size_t)table->where[column], text);
	va_end(args);
}

/* Adds the table to the document: numbers stay numbers on the way. */
static void table_to_doc(struct table *table)
{
	struct json_object *parsed, *list;
	char *text = NULL;

	if (scols_table_is_empty(table->scols)) {
		json_object_object_add(table->ctx->doc, table->name,
				       json_object_new_array());
		return;
	}
	if (scols_print_table_to_string(table->scols, &text))
		return;
	parsed = json_tokener_parse(text);
	if (json_object_object_get_ex(parsed, table->name, &list))
		json_object_object_add(table->ctx->doc, table->name,
				       json_object_get(list));
	json_object_put(parsed);
	free(text);
}

/* Prints the table, or puts it into the document, and frees it. */
int table_end(struct table *table)
{
	if (table->ctx->json)
		table_to_doc(table);
	else if (!scols_table_is_empty(table->scols))
		scols_print_table(table->scols);
	table_drop(table);
	return STATUS_OK;
}

/* Frees the table without printing it. */
void table_drop(struct table *table)
{
	scols_unref_table(table->scols);
	free(table);
}
