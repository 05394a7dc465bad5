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

void text_count(struct text *text, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;
	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	text_append(text, digits + at, sizeof digits - at);
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

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void text_escaped(struct text *text, const char *string, size_t max)
{
	const char *at = string;
	while (*at && (size_t)(at - string) < max) {
		const char *from = at;
		while (is_plain((unsigned char)*at) && (size_t)(at - string) < max)
			at++;
		text_append(text, from, (size_t)(at - from));
		if (*at && (size_t)(at - string) < max)
			text_printf(text, "\\x%02x", (unsigned char)*at++);
	}
	if (*at)
		text_puts(text, "...");
}

void text_error(struct text *text, int error)
{
	const char *name = strerrorname_np(error);
	const char *words = strerrordesc_np(error);
	if (name && words)
		text_printf(text, "%s (%s)", name, words);
	else
		text_printf(text, "error %d", error);
}

static bool is_blank(char c)
{
	return c && strchr(" \t\r\n\v\f", c);
}

const char *text_end(const char *string, size_t max)
{
	size_t length = strlen(string);
	if (length <= max)
		return string;
	const char *cut = string + length - max, *at = cut;
	while (!is_blank(at[-1]) && at < cut + max / 2)
		at++;
	if (!is_blank(at[-1]))
		at = cut;
	while (is_blank(*at))
		at++;
	while (((unsigned char)*at & 0xc0) == 0x80)
		at++;
	return at;
}
