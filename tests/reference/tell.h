/* SPDX-License-Identifier: MIT */
#ifndef TESTS_REFERENCE_TELL_H
#define TESTS_REFERENCE_TELL_H

/* How both responders tell what they were asked: a line for each parameter, and one for the body.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* NAME=VALUE in printable characters; others, and the percent sign, as %XX. */
void tell_param(FILE *out, const char *text);
/* The same from its two parts. */
void tell_pair(FILE *out, const char *name, const char *value);

/* What came as STDIN: its length, and FNV-1a of its bytes. */
struct tell_body {
	uint64_t length, hash;
};
#define TELL_BODY_EMPTY                                                                            \
	{                                                                                          \
		.hash = 14695981039346656037u                                                      \
	}
void tell_body_add(struct tell_body *body, const void *data, size_t size);
void tell_body(FILE *out, const struct tell_body *body);

#endif
