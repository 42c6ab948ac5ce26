// SPDX-License-Identifier: GPL-2.0-only
/* Tests what needs no module: addresses, rights, numbers, words of a script. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capctl.h"

static int failures;

static void check(bool ok, const char *what, int line)
{
	if (ok)
		return;
	failures++;
	printf("# line %d: %s\n", line, what);
}

#define CHECK(expr) check(expr, #expr, __LINE__)

static bool reads_as(const char *text, uint64_t want)
{
	uint64_t address = 1;

	return !capmsg_address_parse(text, &address) && address == want;
}

static bool is_no_address(const char *text)
{
	uint64_t address = 42;

	return capmsg_address_parse(text, &address) == -EINVAL && address == 42;
}

static bool writes_as(uint64_t address, const char *want)
{
	char text[CAPMSG_ADDRESS_TEXT];

	return !capmsg_address_format(address, text, sizeof(text)) && !strcmp(text, want);
}

static void test_address_make(void)
{
	uint64_t slot = CAPMSG_ADDRESS(0x12, 8);

	CHECK(capmsg_address(0x12, 8) == slot);
	CHECK(slot == 0x1280000000000000ULL);
	CHECK(capmsg_address(0x100, 8) == CAPMSG_ADDRESS_VOID);
	CHECK(capmsg_address(0, 0) == CAPMSG_ADDRESS_VOID);
	CHECK(capmsg_address(0, 64) == CAPMSG_ADDRESS_VOID);
	CHECK(capmsg_address(1, 63) == 3);
	CHECK(capmsg_address_depth(slot) == 8 && capmsg_address_bits(slot) == 0x12);
	CHECK(capmsg_address_depth(0) == 0 && capmsg_address_bits(0) == 0);
	CHECK(capmsg_address_depth(1) == 63);
	CHECK(capmsg_address_append(slot, 0x3f, 8) == CAPMSG_ADDRESS(0x123f, 16));
	CHECK(capmsg_address_append(CAPMSG_ADDRESS_VOID, 0x12, 8) == slot);
	CHECK(capmsg_address_append(slot, 0x3f, 5) == CAPMSG_ADDRESS_VOID);
	CHECK(capmsg_address_append(slot, 1, 56) == CAPMSG_ADDRESS_VOID);
	CHECK(capmsg_address_append(slot, 1, 55));
}

static void test_address_parse(void)
{
	CHECK(reads_as("/", 0));
	CHECK(reads_as("/12", CAPMSG_ADDRESS(0x12, 8)));
	CHECK(reads_as("/1", CAPMSG_ADDRESS(1, 8)));
	CHECK(reads_as("/12/3F", CAPMSG_ADDRESS(0x123f, 16)));
	CHECK(reads_as("/1/2/3/4/5/6/7", CAPMSG_ADDRESS(0x01020304050607, 56)));
	CHECK(reads_as("0x123f/16", CAPMSG_ADDRESS(0x123f, 16)));
	CHECK(reads_as("0x0/1", CAPMSG_ADDRESS(0, 1)));
	CHECK(reads_as("0x7fffffffffffffff/63", UINT64_MAX));
	CHECK(is_no_address(""));
	CHECK(is_no_address("12"));
	CHECK(is_no_address("/12/"));
	CHECK(is_no_address("//12"));
	CHECK(is_no_address("/123"));
	CHECK(is_no_address("/g"));
	CHECK(is_no_address("/1/2/3/4/5/6/7/8"));
	CHECK(is_no_address("0x/8"));
	CHECK(is_no_address("0x100/8"));
	CHECK(is_no_address("0x1/0"));
	CHECK(is_no_address("0x1/64"));
	CHECK(is_no_address("0x1"));
	CHECK(is_no_address("0x1/8x"));
	CHECK(is_no_address("0x1/+8"));
	CHECK(is_no_address("0x10000000000000000/63"));
}

static void test_address_format(void)
{
	char text[CAPMSG_ADDRESS_TEXT];

	CHECK(writes_as(0, "/"));
	CHECK(writes_as(CAPMSG_ADDRESS(0x12, 8), "/12"));
	CHECK(writes_as(CAPMSG_ADDRESS(0x103f, 16), "/10/3f"));
	CHECK(writes_as(CAPMSG_ADDRESS(0x5, 4), "0x5/4"));
	CHECK(writes_as(UINT64_MAX, "0x7fffffffffffffff/63"));
	CHECK(writes_as(CAPMSG_ADDRESS(0xffffffffffffffULL, 56), "/ff/ff/ff/ff/ff/ff/ff"));
	CHECK(capmsg_address_format(CAPMSG_ADDRESS(0x12, 8), text, 3) == -ENOSPC);
	for (unsigned int depth = 1; depth <= 63; depth++) {
		uint64_t address = capmsg_address(1ULL << (depth - 1), depth), back = 0;

		CHECK(!capmsg_address_format(address, text, sizeof(text)));
		CHECK(!capmsg_address_parse(text, &back) && back == address);
	}
}

static bool rights_are(const char *text, uint32_t want)
{
	uint32_t rights = 0xdead;

	return !capmsg_rights_parse(text, &rights) && rights == want;
}

static void test_rights(void)
{
	char text[CAPMSG_RIGHTS_TEXT];
	uint32_t rights = 5;

	CHECK(rights_are("all", CAPMSG_RIGHTS_ALL));
	CHECK(rights_are("none", 0));
	CHECK(rights_are("sg", CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_GRANT));
	CHECK(rights_are("--s-g--", CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_GRANT));
	CHECK(rights_are("send,grant", CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_GRANT));
	CHECK(rights_are("recv", CAPMSG_RIGHT_RECV));
	CHECK(rights_are("weak", CAPMSG_RIGHT_WEAK));
	CHECK(capmsg_rights_parse("", &rights) == -EINVAL);
	CHECK(capmsg_rights_parse("x", &rights) == -EINVAL);
	CHECK(capmsg_rights_parse("send,", &rights) == -EINVAL);
	CHECK(capmsg_rights_parse("sen", &rights) == -EINVAL && rights == 5);
	CHECK(!capmsg_rights_format(CAPMSG_RIGHTS_ALL, text, sizeof(text)) &&
	      !strcmp(text, "rwsvgd-"));
	CHECK(!capmsg_rights_format(CAPMSG_RIGHT_SEND | CAPMSG_RIGHT_WEAK, text, sizeof(text)) &&
	      !strcmp(text, "--s---k"));
	CHECK(capmsg_rights_format(0, text, 7) == -ENOSPC);
}

static void test_words_of_system(void)
{
	uint64_t before = capmsg_deadline_in(0), after;

	CHECK(before);
	after = capmsg_deadline_in(1000000000);
	CHECK(after >= before + 1000000000 && after < before + 60000000000ULL);
	CHECK(capmsg_deadline_in(UINT64_MAX) == INT64_MAX);
	CHECK(!strcmp(capmsg_type_name(CAPMSG_TYPE_PORT), "port"));
	CHECK(!strcmp(capmsg_type_name(99), "unknown"));
	for (uint32_t type = 0; type < CAPMSG_TYPE_COUNT; type++)
		CHECK(capmsg_type_name(type) && strcmp(capmsg_type_name(type), "unknown"));
	for (uint32_t limit = 0; limit < CAPMSG_LIMIT_COUNT; limit++)
		CHECK(capmsg_limit_name(limit) && strcmp(capmsg_limit_name(limit), "unknown"));
	CHECK(!strcmp(capmsg_limit_name(CAPMSG_LIMIT_COUNT), "unknown"));
	CHECK(!strcmp(capmsg_state_name(CAPMSG_MESSAGE_LOST), "lost"));
	CHECK(!strcmp(capmsg_state_name(CAPMSG_MESSAGE_LOST + 1), "unknown"));
	CHECK(!strcmp(capmsg_strerror(-EPIPE), capmsg_strerror(EPIPE)));
}

static int inherited(const char *variable, const char *name)
{
	setenv(CAPMSG_FD_VARIABLE, variable, 1);
	return capmsg_inherited_fd(name);
}

static void test_inherited(void)
{
	CHECK(inherited("a=3,b=4", "a") == 3);
	CHECK(inherited("a=3,b=4", "b") == 4);
	CHECK(inherited("a=3,b=4", "c") == -ENOENT);
	CHECK(inherited("7", NULL) == 7);
	CHECK(inherited("cap=8", NULL) == 8);
	CHECK(inherited("x=1,9", NULL) == 9);
	CHECK(inherited("", NULL) == -ENOENT);
	CHECK(inherited("a=,b=x,c=-1,d=1x", "a") == -ENOENT);
	CHECK(inherited("a=,b=x,c=-1,d=1x", "b") == -ENOENT);
	CHECK(inherited("a=,b=x,c=-1,d=1x", "c") == -ENOENT);
	CHECK(inherited("a=,b=x,c=-1,d=1x", "d") == -ENOENT);
	CHECK(inherited("ab=5", "a") == -ENOENT);
	unsetenv(CAPMSG_FD_VARIABLE);
	CHECK(capmsg_inherited_fd("a") == -ENOENT);
}

static bool size_is(const char *text, uint64_t want)
{
	uint64_t size = 0;

	return !value_size(text, &size) && size == want;
}

static bool time_is(const char *text, uint64_t want)
{
	uint64_t ns = 0;

	return !value_duration(text, &ns) && ns == want;
}

static void test_numbers(void)
{
	uint64_t value;

	CHECK(size_is("0", 0) && size_is("4096", 4096) && size_is("0x10", 16));
	CHECK(size_is("4K", 4096) && size_is("1M", 1 << 20) && size_is("1T", 1ULL << 40));
	CHECK(value_size("", &value) && value_size("-1", &value) && value_size("1k", &value));
	CHECK(value_size("1MB", &value) && value_size("99999999999999T", &value));
	CHECK(time_is("1", 1000000000) && time_is("0.5", 500000000) && time_is("2ms", 2000000));
	CHECK(time_is("3us", 3000) && time_is("4ns", 4) && time_is("1m", 60000000000ULL));
	CHECK(value_duration("", &value) && value_duration("1h", &value));
	CHECK(value_duration("-1s", &value));
	CHECK(value_duration("1e300", &value));
	CHECK(!value_u64("255", 255, &value) && value == 255);
	CHECK(value_u64("256", 255, &value) && value_u64("-1", 255, &value));
	CHECK(value_u64("1x", 255, &value));
	CHECK(!value_u64("0xffffffffffffffff", UINT64_MAX, &value) && value == UINT64_MAX);
}

/* Whether a line splits into the words of @want, which are separated by |. */
static bool splits(const char *text, const char *want)
{
	char *line = strdup(text), joined[256] = "";
	const char *why;
	char **words;
	int n;

	if (script_words(line, &words, &n, &why)) {
		free(line);
		return !strcmp(want, "?");
	}
	for (int i = 0; i < n; i++) {
		strcat(joined, words[i]);
		strcat(joined, "|");
	}
	free(words);
	free(line);
	return !strcmp(joined, want);
}

static void test_script_words(void)
{
	CHECK(splits("", "") && splits(" \t\n", "") && splits("# a b\n", ""));
	CHECK(splits("a b  c\n", "a|b|c|"));
	CHECK(splits("a # b", "a|"));
	CHECK(splits("a#b", "a#b|"));
	CHECK(splits("'a b' c", "a b|c|"));
	CHECK(splits("\"a b\" \"\"", "a b||"));
	CHECK(splits("a'b c'd", "ab cd|"));
	CHECK(splits("a\\ b \\#c", "a b|#c|"));
	CHECK(splits("'a\\b'", "a\\b|"));
	CHECK(splits("\"a\\\"b\\\\c\\d\"", "a\"b\\c\\d|"));
	CHECK(splits("\"it's\" 'say \"x\"'", "it's|say \"x\"|"));
	CHECK(splits("'a", "?") && splits("\"a", "?"));
	CHECK(splits("a\\", "?") && splits("a \\\n", "?"));
	CHECK(splits("a\r\n", "a|"));
}

static void test_utf8(void)
{
	CHECK(text_is_utf8((const unsigned char *)"abc\n\t", 5));
	CHECK(text_is_utf8((const unsigned char *)"\xc3\xa9\xe2\x82\xac", 5));
	CHECK(text_is_utf8((const unsigned char *)"\xf0\x9f\x98\x80", 4));
	CHECK(text_is_utf8((const unsigned char *)"", 0));
	CHECK(!text_is_utf8((const unsigned char *)"a\0b", 3));
	CHECK(!text_is_utf8((const unsigned char *)"\x1b[0m", 4));
	CHECK(!text_is_utf8((const unsigned char *)"\xc3", 1));
	CHECK(!text_is_utf8((const unsigned char *)"\xed\xa0\x80", 3));
	CHECK(!text_is_utf8((const unsigned char *)"\xc0\x80", 2));
	CHECK(!text_is_utf8((const unsigned char *)"\xf4\x90\x80\x80", 4));
}

static void test_status(void)
{
	CHECK(status_of(0) == 0 && status_of(-ENOENT) == 3 && status_of(EACCES) == 4);
	CHECK(status_of(-EPERM) == 4 && status_of(-ENODEV) == 5 && status_of(-ENOTTY) == 5);
	CHECK(status_of(-ETIMEDOUT) == 6 && status_of(-EINTR) == 130 && status_of(-EAGAIN) == 1);
}

/* Every limit has words for why and what to do. */
static void test_limits(void)
{
	for (uint32_t limit = 0; limit <= CAPMSG_LIMIT_COUNT; limit++) {
		struct capmsg_limits limits = {
			.out_limit = limit, .out_use = 123, .out_max = 456,
		};
		bool known = limit != CAPMSG_LIMIT_NONE && limit < CAPMSG_LIMIT_COUNT;
		char *why = limit_why(&limits);

		CHECK(!why == !known && !limit_hint(limit) == !known);
		CHECK(!why || (strstr(why, "123") && strstr(why, "456")));
		free(why);
	}
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "address_make", test_address_make },
		{ "address_parse", test_address_parse },
		{ "address_format", test_address_format },
		{ "rights", test_rights },
		{ "words_of_system", test_words_of_system },
		{ "inherited", test_inherited },
		{ "numbers", test_numbers },
		{ "script_words", test_script_words },
		{ "utf8", test_utf8 },
		{ "status", test_status },
		{ "limits", test_limits },
	};
	int failed = 0;

	printf("1..%zu\n", ARRAY_SIZE(tests));
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		failures = 0;
		tests[i].run();
		printf("%s %zu - unit.%s\n", failures ? "not ok" : "ok", i + 1, tests[i].name);
		failed += failures;
	}
	return failed != 0;
}
