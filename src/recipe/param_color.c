/* SPDX-License-Identifier: MIT */
/*
 * Colours become #rrggbb or #rrggbbaa, because the names of ImageMagick, FFmpeg and CSS differ: the
 * "green" of ImageMagick was once the "lime" of CSS. Every program reads the same colour from this
 * form.
 */
#include "base/digits.h"
#include "src/recipe/param_kinds.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	const char *hex;
} basic[] = {
	{"aqua", "00ffff"},
	{"black", "000000"},
	{"blue", "0000ff"},
	{"fuchsia", "ff00ff"},
	{"gray", "808080"},
	{"green", "008000"},
	{"lime", "00ff00"},
	{"maroon", "800000"},
	{"navy", "000080"},
	{"olive", "808000"},
	{"purple", "800080"},
	{"red", "ff0000"},
	{"silver", "c0c0c0"},
	{"teal", "008080"},
	{"white", "ffffff"},
	{"yellow", "ffff00"},
};

bool param_parse_color(const struct param_kind *kind, const struct param *param, const char *text,
	struct param_value *value)
{
	(void)kind;
	(void)param;
	for (size_t i = 0; i < sizeof basic / sizeof *basic; i++)
		if (!strcasecmp(text, basic[i].name))
			text = basic[i].hex;
	size_t len = strnlen(text, 9);
	if (len != 3 && len != 6 && len != 8)
		return false;
	char *out = value->canonical;
	*out++ = '#';
	for (size_t i = 0; i < len; i++) {
		int digit = digits_hex_value(text[i]);
		if (digit < 0)
			return false;
		for (int n = len == 3 ? 2 : 1; n > 0; n--)
			*out++ = "0123456789abcdef"[digit];
	}
	*out = '\0';
	return true;
}

void param_describe_color(
	const struct param_kind *kind, const struct param *param, struct text *out)
{
	(void)kind;
	(void)param;
	text_puts(out, "a colour as fff, ffffff, ffffffff or one of CSS's 16 basic names");
}

void param_sample_color(const struct param *param, struct text *out)
{
	(void)param;
	text_puts(out, "fff");
}

/* Without the "#", which begins a fragment in a URL. */
void param_spell_color(const struct param_value *value, struct text *out)
{
	text_puts(out, value->canonical + 1);
}
