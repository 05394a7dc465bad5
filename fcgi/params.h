/* SPDX-License-Identifier: MIT */
#ifndef FCGI_PARAMS_H
#define FCGI_PARAMS_H

/*
 * Name-value pairs (FastCGI 1.0 §3.4). Pure, any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Turns the content of a PARAMS stream, in place, into "name\0value\0name\0value\0…": a pair takes
 * two length bytes at least, so the two terminators always fit. Returns the new length, or -EINVAL
 * for lengths that lead out of the data or bytes of zero inside a name or value. */
long fcgi_params_decode(uint8_t *data, size_t size);

/* The value of a name in a decoded block, NULL when absent; the first one of several. Borrowed. */
const char *fcgi_params_get(const uint8_t *decoded, size_t size, const char *name);

/* The same in a block that is not decoded yet: copies the value. False when the name is absent, the
 * value does not fit, or the block up to there is malformed. */
bool fcgi_params_peek(
	const uint8_t *data, size_t size, const char *name, char *value, size_t value_size);

/* Reads one pair of lengths at data[*at], and moves *at behind them. False when the data ends
 * before. The lengths are what the peer claims, up to 2^31 - 1; they are not checked against the
 * size. */
bool fcgi_params_lengths(const uint8_t *data, size_t size, size_t *at, uint32_t *name_length,
	uint32_t *value_length);

#endif
