/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

void text_init(struct text *text, char *buffer, size_t size)
{
	*text = (struct text){.data = buffer, .size = size};
	buffer[0] = '\0';
}

void text_append(struct text *text, const void *data, size_t len)
{
	if (len >= text->size - text->len) {
		text->overflow = true;
		return;
	}
	memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void text_puts(struct text *text, const char *string)
{
	text_append(text, string, strlen(string));
}

void text_vprintf(struct text *text, const char *format, va_list args)
{
	size_t room = text->size - text->len;
	int n = vsnprintf(text->data + text->len, room, format, args);
	if (n < 0 || (size_t)n >= room) {
		text->data[text->len] = '\0';
		text->overflow = true;
		return;
	}
	text->len += (size_t)n;
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	text_vprintf(text, format, args);
	va_end(args);
}

void text_escaped(struct text *text, const char *string, size_t max)
{
	size_t n = 0;
	for (const unsigned char *at = (const unsigned char *)string; *at; at++, n++) {
		if (n == max) {
			text_puts(text, "...");
			return;
		}
		if (*at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
			text_append(text, at, 1);
		else
			text_printf(text, "\\x%02x", *at);
	}
}
