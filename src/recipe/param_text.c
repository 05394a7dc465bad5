/* SPDX-License-Identifier: MIT */
/*
 * Free text is the one type whose bytes reach a program as the client sent them. What means
 * something to programs is therefore refused unless the recipe names it: '%' and '\' (ImageMagick),
 * ':' (coders, FFmpeg filters), quotes,
 * ','; and at the beginning '-' (an option) and '@' (a file) whatever the recipe says.
 */
#include "src/recipe/param_types.h"

#include <string.h>

#include "base/utf8.h"

/* Not control characters by name, but they break or turn round the lines in which a log shows them.
 */
static bool turns_lines(uint32_t code)
{
	return code == 0x2028 || code == 0x2029 || (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

static bool accepted(uint32_t code, const char *allow)
{
	if (code >= 0xa0)
		return !turns_lines(code);
	if (code < 0x20 || code >= 0x7f)
		return false;
	return (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
	       (code >= 'a' && code <= 'z') || code == ' ' || (allow && strchr(allow, (int)code));
}

bool param_read_text(const struct param *param, const char *text, struct param_value *value)
{
	size_t len = strnlen(text, PARAM_CANONICAL_MAX);
	if (len == PARAM_CANONICAL_MAX || (double)len < param_min(param) ||
		(double)len > param_max(param))
		return false;
	if (text[0] == '-' || text[0] == '@')
		return false;
	const unsigned char *at = (const unsigned char *)text;
	for (size_t left = len; left > 0;) {
		uint32_t code;
		int n = utf8_next(at, left, &code);
		if (n <= 0 || !accepted(code, param->allow))
			return false;
		at += n;
		left -= (size_t)n;
	}
	memcpy(value->canonical, text, len + 1);
	return true;
}
