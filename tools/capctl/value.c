// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text to numbers, addresses, rights and times. The value_ functions say 0 or
 * -EINVAL, the arg_ and opt_ functions report what is wrong and return an exit
 * status; an option that was not given leaves the output alone.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capctl.h"

int value_u64(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || value > max)
		return -EINVAL;
	*out = value;
	return 0;
}

/* Bytes: a number, with K, M, G or T for powers of 1024. */
int value_size(const char *text, uint64_t *out)
{
	static const char units[] = "KMGT";
	uint64_t value;
	const char *unit;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno)
		return -EINVAL;
	if (*end) {
		unsigned int shift;

		unit = strchr(units, *end);
		if (!unit || end[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(unit - units + 1);
		if (value > UINT64_MAX >> shift)
			return -EINVAL;
		value <<= shift;
	}
	*out = value;
	return 0;
}

/* Nanoseconds: a number with ns, us, ms, s or m; without a unit seconds. */
int value_duration(const char *text, uint64_t *out_ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {
		{ "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
		{ "", 1e9 }, { "m", 60e9 },
	};
	double value;
	char *end;
	size_t i;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	value = strtod(text, &end);
	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].name))
			break;
	if (i == ARRAY_SIZE(units) || value * units[i].ns > 9e18)
		return -EINVAL;
	*out_ns = (uint64_t)(value * units[i].ns);
	return 0;
}

const char *address_text(uint64_t address, char text[CAPMSG_ADDRESS_TEXT])
{
	capmsg_address_format(address, text, CAPMSG_ADDRESS_TEXT);
	return text;
}

int arg_address(struct context *ctx, const char *text, uint64_t *out)
{
	if (!capmsg_address_parse(text, out))
		return STATUS_OK;
	return usage(ctx, "an address is /12/3f (a hex slot at each level) or 0xBITS/DEPTH",
		     "'%s' is no address", text);
}

int arg_u64(struct context *ctx, const char *text, const char *what,
	    uint64_t max, uint64_t *out)
{
	if (!value_u64(text, max, out))
		return STATUS_OK;
	return usage(ctx, NULL, "%s: '%s' is no number from 0 to %llu", what, text,
		     (unsigned long long)max);
}

int opt_address(struct context *ctx, const struct invocation *inv, int key,
		uint64_t *out)
{
	const char *text = option(inv, key);

	return text ? arg_address(ctx, text, out) : STATUS_OK;
}

int opt_u64(struct context *ctx, const struct invocation *inv, int key,
	    uint64_t max, uint64_t *out)
{
	const char *text = option(inv, key);

	if (!text)
		return STATUS_OK;
	return arg_u64(ctx, text, option_name(inv, key), max, out);
}

int opt_size(struct context *ctx, const struct invocation *inv, int key,
	     uint64_t *out)
{
	const char *text = option(inv, key);

	if (!text || !value_size(text, out))
		return STATUS_OK;
	return usage(ctx, "a size is a number of bytes, or one with K, M, G or T",
		     "%s: '%s' is no size", option_name(inv, key), text);
}

int opt_rights(struct context *ctx, const struct invocation *inv, uint32_t *out)
{
	const char *text = option(inv, OPT_RIGHTS);

	if (!text)
		return STATUS_OK;
	if (!capmsg_rights_parse(text, out) && !(*out & CAPMSG_RIGHT_WEAK))
		return STATUS_OK;
	return usage(ctx, "rights are letters of rwsvgd (read, write, send, recv, grant, destroy), names, 'all' or 'none'",
		     "'%s' is no set of rights", text);
}

int opt_deadline(struct context *ctx, const struct invocation *inv,
		 uint64_t *out_deadline)
{
	const char *text = option(inv, OPT_TIMEOUT);
	uint64_t ns;

	if (!text)
		return STATUS_OK;
	if (value_duration(text, &ns))
		return usage(ctx, "a duration is a number with ns, us, ms, s or m",
			     "--timeout: '%s' is no duration", text);
	*out_deadline = capmsg_deadline_in(ns);
	return STATUS_OK;
}

/* VALUE/BITS: a guard, or a part of a cappage. */
int opt_pair(struct context *ctx, const struct invocation *inv, int key,
	     uint64_t *out_value, uint64_t *out_bits)
{
	const char *text = option(inv, key), *slash;
	char *value;
	int err;

	if (!text)
		return STATUS_OK;
	slash = strchr(text, '/');
	if (!slash)
		return usage(ctx, NULL, "%s: '%s' is not VALUE/BITS",
			     option_name(inv, key), text);
	value = strndup(text, (size_t)(slash - text));
	err = !value || value_u64(value, UINT64_MAX, out_value) ||
	      value_u64(slash + 1, 63, out_bits);
	free(value);
	if (err)
		return usage(ctx, NULL, "%s: '%s' is not VALUE/BITS",
			     option_name(inv, key), text);
	return STATUS_OK;
}
