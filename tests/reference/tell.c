/* SPDX-License-Identifier: MIT */
#include "tests/reference/tell.h"

#include <inttypes.h>

static void escape(FILE *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		fprintf(out, *c > ' ' && *c < 0x7f && *c != '%' ? "%c" : "%%%02X", *c);
}

void tell_param(FILE *out, const char *text)
{
	escape(out, text);
	fputc('\n', out);
}

void tell_pair(FILE *out, const char *name, const char *value)
{
	escape(out, name);
	fputc('=', out);
	tell_param(out, value);
}

void tell_body_add(struct tell_body *body, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	for (size_t i = 0; i < size; i++)
		body->hash = (body->hash ^ bytes[i]) * 1099511628211u;
	body->length += size;
}

void tell_body(FILE *out, const struct tell_body *body)
{
	fprintf(out, "STDIN %" PRIu64 " %016" PRIx64 "\n", body->length, body->hash);
}
