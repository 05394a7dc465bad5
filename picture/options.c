/* SPDX-License-Identifier: MIT */
/*
 * One table has all options: their names, what they take, and the help are made from it.
 */
#include "picture/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"

struct option_row {
	const char *name;
	const char *takes; /* NULL: nothing */
	const char *help;
	int (*read)(struct options *options, const char *value);
};

static int bad(const char *option, const char *value, const char *accepts)
{
	return fault(FAULT_USAGE, "--%s %.60s: %s", option, value, accepts);
}

/* A whole number from `low` to `high`, all of the text up to `end` characters. */
static bool whole(const char **text, uint64_t low, uint64_t high, uint64_t *number)
{
	if (**text < '0' || **text > '9')
		return false;
	char *end;
	errno = 0;
	*number = strtoull(*text, &end, 10);
	if (errno || *number < low || *number > high)
		return false;
	*text = end;
	return true;
}

static int read_number(
	const char *option, const char *value, uint64_t low, uint64_t high, uint64_t *number)
{
	const char *text = value;
	if (whole(&text, low, high, number) && !*text)
		return 0;
	return fault(FAULT_USAGE, "--%s %.60s: a whole number from %llu to %llu", option, value,
		(unsigned long long)low, (unsigned long long)high);
}

static int read_small(
	const char *option, const char *value, uint32_t low, uint32_t high, uint32_t *small)
{
	uint64_t number = 0;
	int status = read_number(option, value, low, high, &number);
	*small = (uint32_t)number;
	return status;
}

enum { SIDE_MAX = 100000 };

static int read_size(struct options *options, const char *value)
{
	const char *text = value;
	uint64_t width = 0, height = 0;
	bool fine = *text == 'x' || whole(&text, 1, SIDE_MAX, &width);
	fine = fine && *text == 'x';
	text += fine;
	fine = fine && (!*text || whole(&text, 1, SIDE_MAX, &height)) && !*text;
	if (!fine || (!width && !height))
		return bad("size", value, "300x200, 300x or x200");
	options->geometry.width = (uint32_t)width;
	options->geometry.height = (uint32_t)height;
	return 0;
}

/* The place of a word in a list that ends with NULL, or -1. */
static int word(const char *const *words, const char *value)
{
	for (int at = 0; words[at]; at++)
		if (!strcmp(words[at], value))
			return at;
	return -1;
}

static int read_fit(struct options *options, const char *value)
{
	static const char *const words[] = {"contain", "inside", "fill", "cover", NULL};
	int at = word(words, value);
	if (at < 0)
		return bad("fit", value, "contain, inside, fill or cover");
	options->geometry.fit = (enum geometry_fit)at;
	return 0;
}

static int read_gravity(struct options *options, const char *value)
{
	static const char *const words[] = {"center", "north", "east", "south", "west", "northeast",
		"southeast", "southwest", "northwest", "attention", NULL};
	int at = word(words, value);
	if (at < 0)
		return bad("gravity", value,
			"center, north, east, south, west, northeast, southeast, southwest, "
			"northwest or attention");
	options->geometry.gravity = (enum geometry_gravity)at;
	return 0;
}

static int read_crop(struct options *options, const char *value)
{
	uint64_t numbers[4] = {0};
	const char *text = value;
	bool fine = true;
	for (unsigned at = 0; at < 4 && fine; at++) {
		fine = whole(&text, at < 2 ? 0 : 1, UINT32_MAX, &numbers[at]) &&
		       *text == (at < 3 ? ',' : '\0');
		text += fine && at < 3;
	}
	if (!fine)
		return bad("crop", value, "X,Y,WIDTH,HEIGHT in pixels");
	options->geometry.has_crop = true;
	options->geometry.crop = (struct geometry_rect){
		(double)numbers[0], (double)numbers[1], (double)numbers[2], (double)numbers[3]};
	return 0;
}

static int read_rotate(struct options *options, const char *value)
{
	return read_small("rotate", value, 0, 359, &options->geometry.rotate);
}

static int read_mirror(struct options *options, const char *value)
{
	(void)value;
	options->geometry.mirror = true;
	return 0;
}

static int read_gray(struct options *options, const char *value)
{
	(void)value;
	options->gray = true;
	return 0;
}

static int read_bitonal(struct options *options, const char *value)
{
	(void)value;
	options->bitonal = options->gray = options->encoder.bitonal = true;
	return 0;
}

/* What CSS writes; a colour that is transparent itself lies on white. */
static int read_background(struct options *options, const char *value)
{
	const char *text = value + (*value == '#');
	size_t length = strlen(text);
	if ((length != 6 && length != 8) || strspn(text, "0123456789abcdefABCDEF") != length)
		return bad("background", value, "RRGGBB or RRGGBBAA, hexadecimal");
	uint32_t number = (uint32_t)strtoul(text, NULL, 16);
	if (length == 6)
		number = number << 8 | 0xff;
	uint32_t alpha = number & 0xff;
	for (unsigned at = 0; at < 3; at++) {
		uint32_t colour = number >> (24 - 8 * at) & 0xff;
		options->background[at] =
			(uint8_t)((colour * alpha + 255 * (255 - alpha) + 127) / 255);
	}
	options->has_background = true;
	return 0;
}

static int read_quality(struct options *options, const char *value)
{
	return read_small("quality", value, 1, 100, &options->encoder.quality);
}

static int read_effort(struct options *options, const char *value)
{
	uint32_t number = 0;
	int status = read_small("effort", value, 0, 9, &number);
	options->encoder.effort = (int)number;
	return status;
}

static int read_format(struct options *options, const char *value)
{
	static const char *const words[] = {"jpeg", "png", "webp", "avif", NULL};
	int at = word(words, value);
	if (at < 0)
		return bad("format", value, "jpeg, png, webp or avif");
	options->format = (enum encoder_format)(FORMAT_JPEG + at);
	return 0;
}

static int read_frames(struct options *options, const char *value)
{
	if (strcmp(value, "1") != 0 && strcmp(value, "all") != 0)
		return bad("frames", value, "1 or all");
	options->animated = *value == 'a';
	return 0;
}

static int read_max_pixels(struct options *options, const char *value)
{
	return read_number("max-pixels", value, 1, 1ull << 40, &options->limits.pixels);
}

static int read_max_frames(struct options *options, const char *value)
{
	return read_small("max-frames", value, 1, 1000000, &options->limits.frames);
}

static int read_max_scans(struct options *options, const char *value)
{
	return read_small("max-scans", value, 1, 100000, &options->limits.scans);
}

static int read_source(struct options *options, const char *value)
{
	options->source = value;
	return 0;
}

static int read_info(struct options *options, const char *value)
{
	(void)value;
	options->info = true;
	return 0;
}

static int write_help(struct options *options, const char *value);
static int write_version(struct options *options, const char *value);

static const struct option_row rows[] = {
	{"size", "300x200", "the sides of the result; one may be absent: 300x, x200", read_size},
	{"fit", "contain", "contain, inside (never larger), fill (stretch) or cover (cut off)",
		read_fit},
	{"gravity", "center", "what cover keeps: center, north, northeast, …, or attention",
		read_gravity},
	{"crop", "X,Y,W,H", "only this part of the upright source, in its pixels", read_crop},
	{"rotate", "DEGREES", "0 to 359, clockwise", read_rotate},
	{"mirror", NULL, "left becomes right, before the rotation", read_mirror},
	{"gray", NULL, "without colours", read_gray},
	{"bitonal", NULL, "black and white only", read_bitonal},
	{"background", "RRGGBB", "shows where the source is transparent, or in rotated corners",
		read_background},
	{"quality", "82", "1 to 100, of JPEG, WebP and AVIF", read_quality},
	{"effort", "N", "0 (fast) to 9 (small)", read_effort},
	{"format", "jpeg", "jpeg, png, webp or avif; without it: that of the source", read_format},
	{"frames", "1", "1, or all: an animation stays one, in WebP", read_frames},
	{"max-pixels", "N", "of a source's frame, and of the result", read_max_pixels},
	{"max-frames", "N", "of an animation", read_max_frames},
	{"max-scans", "N", "of a progressive JPEG", read_max_scans},
	{"source", "PATH", "the source; without it: standard input", read_source},
	{"info", NULL, "writes what the source is, as JSON", read_info},
	{"help", NULL, "writes this", write_help},
	{"version", NULL, "writes the version", write_version},
};

/* What has been printed goes out now: the program may end without stdio's own way out. */
static int printed(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	return fault(FAULT_BROKEN, "cannot write the result: %s", strerror(errno));
}

static int write_help(struct options *options, const char *value)
{
	(void)value;
	options->done = true;
	printf("usage: sluice-picture [OPTION…] < SOURCE > RESULT\n\n");
	for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
		char name[40];
		snprintf(name, sizeof(name), "--%s %s", rows[at].name,
			rows[at].takes ? rows[at].takes : "");
		printf("  %-24s %s\n", name, rows[at].help);
	}
	printf("\nSee sluice-picture(1).\n");
	return printed();
}

static int write_version(struct options *options, const char *value)
{
	(void)value;
	options->done = true;
	printf("sluice-picture %s\n", SLUICE_VERSION);
	return printed();
}

static const struct option_row *row_of(const char *name, size_t length)
{
	for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++)
		if (!strncmp(rows[at].name, name, length) && !rows[at].name[length])
			return &rows[at];
	return NULL;
}

int options_read(int count, char **arguments, struct options *options)
{
	*options = (struct options){.encoder = {.quality = 82, .effort = -1},
		.background = {255, 255, 255},
		.limits = {.pixels = 256u << 20, .frames = 2000, .scans = 100}};
	for (int at = 1; at < count && !options->done; at++) {
		const char *text = arguments[at];
		if (strncmp(text, "--", 2) != 0)
			return fault(FAULT_USAGE, "%.60s: not an option; see --help", text);
		const char *equals = strchr(text, '=');
		size_t length = equals ? (size_t)(equals - text - 2) : strlen(text + 2);
		const struct option_row *row = row_of(text + 2, length);
		if (!row)
			return fault(FAULT_USAGE, "%.60s: no such option; see --help", text);
		const char *value = equals ? equals + 1 : NULL;
		if (!row->takes && value)
			return fault(FAULT_USAGE, "--%s takes no value", row->name);
		if (row->takes && !value) {
			if (at + 1 == count)
				return fault(FAULT_USAGE, "--%s wants a value", row->name);
			value = arguments[++at];
		}
		int status = row->read(options, value);
		if (status)
			return status;
	}
	return 0;
}
