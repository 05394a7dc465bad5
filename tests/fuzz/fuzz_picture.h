/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FUZZ_PICTURE_H
#define TESTS_FUZZ_FUZZ_PICTURE_H

/*
 * What the fuzzers of pictures share. Eight bytes choose the options; the source is behind them,
 * and goes the whole way of sluice-picture. Limits are small, so that a run is short.
 */

#include "picture/convert.h"
#include "picture/fault.h"
#include "tests/fuzz/fuzz.h"

enum fuzz_picture_flags {
	FUZZ_ANIMATED = 1,
	FUZZ_MIRROR = 2,
	FUZZ_GRAY = 4,
	FUZZ_BITONAL = 8,
	FUZZ_BACKGROUND = 16,
	FUZZ_CROP = 32,
	FUZZ_INFO = 64,
};

/* The linker puts it in the place of fault(): a broken source is no news here. */
int __wrap_fault(enum fault code, const char *format, ...);
int __wrap_fault(enum fault code, const char *format, ...)
{
	MUST(format);
	return code;
}

static struct options fuzz_picture_options(struct fuzz_bytes *bytes)
{
	static const enum encoder_format formats[] = {FORMAT_NONE, FORMAT_JPEG, FORMAT_PNG,
		FORMAT_WEBP, FORMAT_JPEG, FORMAT_PNG, FORMAT_WEBP, FORMAT_AVIF};
	struct options options = {.background = {255, 255, 255},
		.limits = {.pixels = 1u << 16, .frames = 20, .scans = 10}};
	options.format = formats[fuzz_byte(bytes) % 8];
	unsigned flags = fuzz_byte(bytes), place = fuzz_byte(bytes), turn = fuzz_byte(bytes);
	options.animated = flags & FUZZ_ANIMATED;
	options.info = flags & FUZZ_INFO;
	options.geometry.mirror = flags & FUZZ_MIRROR;
	options.bitonal = options.encoder.bitonal = flags & FUZZ_BITONAL;
	options.gray = options.bitonal || flags & FUZZ_GRAY;
	options.has_background = flags & FUZZ_BACKGROUND;
	options.geometry.fit = (enum geometry_fit)(place % 4);
	options.geometry.gravity = (enum geometry_gravity)(place / 4 % (GRAVITY_ATTENTION + 1));
	options.geometry.rotate = turn * 2 % 360;
	options.geometry.width = fuzz_byte(bytes) % 128;
	options.geometry.height = fuzz_byte(bytes) % 128;
	unsigned quality = fuzz_byte(bytes), effort = fuzz_byte(bytes);
	options.encoder.quality = quality % 100 + 1;
	options.encoder.effort = (int)(effort % 11) - 1;
	options.geometry.has_crop = flags & FUZZ_CROP;
	options.geometry.crop =
		(struct geometry_rect){quality % 16, effort % 16, effort / 8 + 1, quality / 8 + 1};
	return options;
}

static void fuzz_picture_check(const struct output *output)
{
	static const struct {
		size_t at, length;
		const char *bytes;
	} known[] = {{0, 3, "\xff\xd8\xff"}, {0, 8, "\x89PNG\r\n\x1a\n"}, {8, 4, "WEBP"},
		{4, 8, "ftypavif"}, {0, 1, "{"}};
	bool found = false;
	MUST(output->length > 16);
	for (size_t at = 0; at < sizeof(known) / sizeof(*known); at++)
		found = found ||
			!memcmp(output->bytes + known[at].at, known[at].bytes, known[at].length);
	MUST(found);
}

/* Sources that do not begin with `magic` (at `at`) are another fuzzer's. */
static int fuzz_picture(
	const uint8_t *data, size_t size, size_t at, const void *magic, size_t length)
{
	struct fuzz_bytes bytes = {data, size};
	struct options options = fuzz_picture_options(&bytes);
	struct output output = {0};
	struct input *input = NULL;
	if (bytes.size < at + length || memcmp(bytes.data + at, magic, length) != 0 ||
		input_memory(bytes.data, bytes.size, &input))
		return 0;
	int status = convert_source(&options, input, &output);
	MUST(status >= 0 && status <= FAULT_UNSUPPORTED);
	if (!status)
		fuzz_picture_check(&output);
	input_close(input);
	output_deinit(&output);
	return 0;
}

#endif
