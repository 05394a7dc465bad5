/* SPDX-License-Identifier: MIT */
/*
 * Text is the one type whose bytes reach a program as the client sent them. Characters that mean
 * something to programs are therefore refused unless the recipe allows them: '%' and '\' (for
 * ImageMagick), ':' (coders, filters of FFmpeg), quotes and ','. '-' (an option) and '@' (a file)
 * are always refused at the beginning.
 */
#include "src/recipe/param_kinds.h"

#include <string.h>

#include "base/utf8.h"

/* These are no control characters, but they break or reverse the line in which a log shows them. */
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

bool param_parse_text(const struct param_kind *kind, const struct param *param, const char *text,
	struct param_value *value)
{
	size_t len = strnlen(text, PARAM_CANONICAL_MAX);
	if (len == PARAM_CANONICAL_MAX || (double)len < param_min(kind, param) ||
		(double)len > param_max(kind, param))
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

void param_describe_text(const struct param_kind *kind, const struct param *param, struct text *out)
{
	param_put_range(kind, param, out);
	text_puts(out, " bytes of letters, digits, space");
	if (param->allow && *param->allow)
		text_printf(out, " and %s", param->allow);
	text_puts(out, "; not - or @ at the beginning");
}

void param_sample_text(const struct param *param, struct text *out)
{
	size_t length = isnan(param->min) || param->min < 1 ? 1 : (size_t)param->min;
	while (length-- > 0)
		text_puts(out, "a");
}
