/* SPDX-License-Identifier: MIT */
/*
 * What a file says of its colours: eight bytes of code points, gamma and the rest, then a profile.
 * In a picture, a profile is compressed, or behind sums, so that few mutations would come as far.
 */
#include "picture/colour.h"
#include "picture/fault.h"
#include "picture/profile.h"
#include "picture/stage.h"
#include "tests/fuzz/fuzz.h"

enum { HEAD = 8, WIDTH = 70, CHANNELS = 4, NAME = 60 };

int __wrap_fault(enum fault code, const char *format, ...);
int __wrap_fault(enum fault code, const char *format, ...)
{
	MUST(format);
	return code;
}

static void convert(const struct decoder_header *header, const struct colour *colour)
{
	int16_t rows[CHANNELS][WIDTH];
	int16_t *const planes[CHANNELS] = {rows[0], rows[1], rows[2], rows[3]};
	for (unsigned channel = 0; channel < CHANNELS; channel++)
		for (unsigned x = 0; x < WIDTH; x++)
			rows[channel][x] =
				(int16_t)((x * 233u * (channel + 1)) % (STAGE_WHITE + 1));
	rows[0][0] = rows[1][0] = rows[2][0] = rows[3][0] = STAGE_WHITE;
	MUST(colour_channels(colour) == (header->space == SPACE_GRAY ? 1 : 3));
	colour_row(colour, planes, WIDTH);
	for (unsigned channel = 0; channel < colour_channels(colour); channel++)
		for (unsigned x = 0; x < WIDTH; x++)
			MUST(rows[channel][x] >= 0 && rows[channel][x] <= STAGE_WHITE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEAD)
		return 0;
	struct decoder_header header = {.type = data[0] & 1 ? "png" : "avif",
		.space = (enum decoder_space)(data[0] / 2 % 3),
		.profile = size > HEAD ? data + HEAD : NULL,
		.profile_length = size - HEAD,
		.cicp = {data[1], data[2], data[3], data[0] & 64},
		.gamma = (uint32_t)data[4] * 1000};
	for (unsigned at = 0; at < 8; at++)
		header.chromaticities[at] = (uint32_t)data[5 + at % 3] * (at + 300);
	struct profile profile;
	char name[NAME];
	if (profile_read(header.profile, header.profile_length, &profile)) {
		profile_name(&profile, name, sizeof(name));
		MUST(memchr(name, 0, sizeof(name)));
	}
	struct colour *colour = NULL;
	MUST(!colour_new(&header, data[7], &colour));
	MUST(colour || header.space != SPACE_CMYK);
	if (colour)
		convert(&header, colour);
	colour_free(colour);
	return 0;
}
