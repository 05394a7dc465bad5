/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <string.h>

#include "base/utf8.h"

static void put_ascii(struct text *text, unsigned char c)
{
	if (c == '"' || c == '\\')
		text_printf(text, "\\%c", c);
	else if (c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&')
		text_printf(text, "\\u%04x", c);
	else
		text_append(text, &c, 1);
}

void json_escape(struct text *text, const char *string, size_t max)
{
	const unsigned char *at = (const unsigned char *)string;
	size_t size = strnlen(string, max);
	bool cut = string[size] != '\0';
	while (size > 0) {
		uint32_t code;
		int n = utf8_next(at, size, &code);
		if (n < 0 && cut)
			break; /* max fell into a character */
		if (n <= 0 || (code >= 0x80 && code < 0xa0))
			text_puts(text, "\\ufffd");
		else if (n == 1)
			put_ascii(text, *at);
		else
			text_append(text, at, (size_t)n);
		n = n < 1 ? 1 : n;
		at += n;
		size -= (size_t)n;
	}
	if (cut)
		text_puts(text, "...");
}
