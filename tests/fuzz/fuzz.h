/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

/*
 * What the fuzzers share: an input is cut into the pieces that a function wants, and an invariant
 * that does not hold ends the program, so that libFuzzer keeps the input.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))

__attribute__((unused)) static _Noreturn void fuzz_broken(
	const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

struct fuzz_bytes {
	const uint8_t *data;
	size_t size;
};

/* The next byte; 0 at the end. */
__attribute__((unused)) static uint8_t fuzz_byte(struct fuzz_bytes *bytes)
{
	if (bytes->size == 0)
		return 0;
	bytes->size--;
	return *bytes->data++;
}

/* A copy of the bytes up to `end` (which is skipped) or a NUL: exactly as long as it is, so that a
 * sanitizer sees who reads behind it. The caller frees it. */
__attribute__((unused)) static char *fuzz_text(struct fuzz_bytes *bytes, char end)
{
	size_t len = 0;
	while (len < bytes->size && bytes->data[len] != (uint8_t)end && bytes->data[len] != 0)
		len++;
	char *text = malloc(len + 1);
	MUST(text);
	if (len > 0)
		memcpy(text, bytes->data, len);
	text[len] = '\0';
	len += len < bytes->size;
	bytes->data += len;
	bytes->size -= len;
	return text;
}

/* An exact copy of what is left; never NULL. The caller frees it. */
__attribute__((unused)) static uint8_t *fuzz_rest(const struct fuzz_bytes *bytes)
{
	uint8_t *copy = malloc(bytes->size ? bytes->size : 1);
	MUST(copy);
	if (bytes->size > 0)
		memcpy(copy, bytes->data, bytes->size);
	return copy;
}

#endif
