/* SPDX-License-Identifier: MIT */
/*
 * Colours become #rrggbb or #rrggbbaa, so that every program reads the same one from it:
 * ImageMagick's, FFmpeg's and CSS's names differ (ImageMagick's "green" used to be CSS's "lime").
 */
#include "src/recipe/param_types.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/digits.h"

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

bool param_read_color(const char *text, struct param_value *value)
{
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
