/* SPDX-License-Identifier: MIT */
#include "src/command/quoted.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum { DATA_SHOWN = 24, DATA_MAX = 96 };

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool has_control(const char *text)
{
	while (*text && !is_control(*text))
		text++;
	return *text != '\0';
}

static void put_with_escapes(const char *text)
{
	fputs("$'", stdout);
	for (; *text; text++) {
		if (is_control(*text))
			printf("\\%03o", (unsigned)(unsigned char)*text);
		else if (*text == '\'' || *text == '\\')
			printf("\\%c", *text);
		else
			putchar(*text);
	}
	putchar('\'');
}

void quoted_put_shell(const char *text)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "%+,-./:=@_^";
	if (*text && strspn(text, safe) == strlen(text)) {
		fputs(text, stdout);
		return;
	}
	if (has_control(text)) {
		put_with_escapes(text);
		return;
	}
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
	putchar('\'');
}

void quoted_put_short(const char *text)
{
	static const char mark[] = ";base64,";
	const char *data = strstr(text, mark);
	size_t length = data ? strlen(data) - (sizeof mark - 1) : 0;
	size_t shown = data ? (size_t)(data - text) + sizeof mark - 1 + DATA_SHOWN : 0;
	char *cut = length > DATA_MAX ? malloc(shown + 64) : NULL;
	if (!cut) {
		quoted_put_shell(text);
		return;
	}
	snprintf(cut, shown + 64, "%.*s... (%zu bytes)", (int)shown, text, length);
	quoted_put_shell(cut);
	free(cut);
}

void quoted_put_json(const char *text)
{
	size_t length = strlen(text), size = 6 * length + 8;
	char *buffer = malloc(size);
	if (!buffer) {
		fputs("null", stdout);
		return;
	}
	struct text escaped;
	text_init(&escaped, buffer, size);
	json_escape(&escaped, text, length);
	printf("\"%s\"", escaped.data);
	free(buffer);
}
