// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Addresses, as numbers and as text.
 *
 * The text of an address is a path for tables of 2^8 slots without guards, one
 * or two hex digits for each (``/12/3f``), or for any other depth its bits and
 * their number (``0x123f/16``). ``/`` is the root, the void address.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capmsg.h"

#define DEPTH_MAX	63
#define LEVEL_BITS	8

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/**
 * capmsg_address() - make an address
 * @bits: the address bits, in the low @depth bits
 * @depth: how many there are, 1 to 63
 *
 * Return: the address, or CAPMSG_ADDRESS_VOID if the depth is out of range or
 * the bits do not fit it.
 */
uint64_t capmsg_address(uint64_t bits, unsigned int depth)
{
	if (!depth || depth > DEPTH_MAX || bits >> depth)
		return CAPMSG_ADDRESS_VOID;
	return CAPMSG_ADDRESS(bits, depth);
}

/**
 * capmsg_address_depth() - number of bits of an address
 * @address: the address
 *
 * Return: 1 to 63; 0 for the void address and for one that has no bits.
 */
unsigned int capmsg_address_depth(uint64_t address)
{
	return address ? DEPTH_MAX - (unsigned int)__builtin_ctzll(address) : 0;
}

/**
 * capmsg_address_bits() - bits of an address
 * @address: the address
 *
 * Return: the bits, in the low capmsg_address_depth() bits.
 */
uint64_t capmsg_address_bits(uint64_t address)
{
	unsigned int depth = capmsg_address_depth(address);

	return depth ? address >> (64 - depth) : 0;
}

/**
 * capmsg_address_append() - make an address longer
 * @address: address of a cappage; CAPMSG_ADDRESS_VOID: the root
 * @bits: further address bits, such as the index of a slot
 * @depth: how many
 *
 * Return: the address, or CAPMSG_ADDRESS_VOID if it would be too long or the
 * bits do not fit @depth.
 */
uint64_t capmsg_address_append(uint64_t address, uint64_t bits,
			       unsigned int depth)
{
	unsigned int have = capmsg_address_depth(address);

	if (!depth || depth > DEPTH_MAX || bits >> depth || have + depth > DEPTH_MAX)
		return CAPMSG_ADDRESS_VOID;
	return capmsg_address(capmsg_address_bits(address) << depth | bits,
			      have + depth);
}

static int parse_path(const char *text, uint64_t *out_address)
{
	uint64_t address = CAPMSG_ADDRESS_VOID;

	while (*text) {
		int digit, slot = 0, n = 0;

		if (*text++ != '/')
			return -EINVAL;
		while ((digit = hex_digit(*text)) >= 0 && n < 3) {
			slot = slot << 4 | digit;
			text++;
			n++;
		}
		if (n < 1 || n > 2)
			return -EINVAL;
		address = capmsg_address_append(address, (uint64_t)slot,
						LEVEL_BITS);
		if (!address)
			return -EINVAL;
	}
	*out_address = address;
	return 0;
}

static int parse_full(const char *text, uint64_t *out_address)
{
	uint64_t address, bits;
	unsigned long depth;
	char *end;

	if (hex_digit(text[2]) < 0)
		return -EINVAL;
	errno = 0;
	bits = strtoull(text, &end, 16);
	if (errno || *end != '/' || end[1] < '0' || end[1] > '9')
		return -EINVAL;
	depth = strtoul(end + 1, &end, 10);
	if (*end || depth > DEPTH_MAX)
		return -EINVAL;
	address = capmsg_address(bits, (unsigned int)depth);
	if (!address)
		return -EINVAL;
	*out_address = address;
	return 0;
}

/**
 * capmsg_address_parse() - read an address from text
 * @text: ``/12/3f``, ``0x123f/16``, or ``/`` for the root (the void address)
 * @out_address: gets the address
 *
 * Return: 0, or -EINVAL if this is no address.
 */
int capmsg_address_parse(const char *text, uint64_t *out_address)
{
	if (!strcmp(text, "/")) {
		*out_address = CAPMSG_ADDRESS_VOID;
		return 0;
	}
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return parse_full(text, out_address);
	return *text ? parse_path(text, out_address) : -EINVAL;
}

/**
 * capmsg_address_format() - write an address as text
 * @address: the address
 * @text: gets what capmsg_address_parse() reads
 * @size: room there; CAPMSG_ADDRESS_TEXT is always enough
 *
 * Return: 0, or -ENOSPC if there is too little room.
 */
int capmsg_address_format(uint64_t address, char *text, size_t size)
{
	unsigned int depth = capmsg_address_depth(address);
	uint64_t bits = capmsg_address_bits(address);
	char full[CAPMSG_ADDRESS_TEXT];
	size_t used = 0;

	if (!depth) {
		snprintf(full, sizeof(full), "/");
	} else if (depth % LEVEL_BITS) {
		snprintf(full, sizeof(full), "0x%" PRIx64 "/%u", bits, depth);
	} else {
		while (depth) {
			depth -= LEVEL_BITS;
			used += (size_t)snprintf(full + used, sizeof(full) - used,
						 "/%02x",
						 (unsigned int)(bits >> depth & 0xff));
		}
	}
	if (strlen(full) >= size)
		return -ENOSPC;
	strcpy(text, full);
	return 0;
}
