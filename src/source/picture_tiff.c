/* SPDX-License-Identifier: MIT */
/*
 * The first page of a TIFF (6.0 section 2; BigTIFF has wider numbers). Its tags allow more than
 * decoders do: old JPEG (section 22), chroma that is subsampled without JPEG, and samples of 24 or
 * 10 bits come out of ImageMagick 6 as other pictures, with exit status 0.
 */
#include "src/source/picture_internal.h"

enum {
	COMPRESSION_JPEG = 7,
	PHOTOMETRIC_WHITE_IS_ZERO = 0,
	PHOTOMETRIC_RGB = 2,
	PHOTOMETRIC_CMYK = 5,
	PHOTOMETRIC_YCBCR = 6,
};

enum { PAGES_MAX = 1000 };

struct reading {
	struct picture_window *window;
	bool little, big;
	uint64_t compression, photometric, bits, samples, format, orientation, width, height;
	uint64_t profile_at, profile_size;
	bool even; /* all samples are of one size */
};

static uint64_t number(const struct reading *reading, struct bytes bytes, size_t at, unsigned width)
{
	return reading->little ? bytes_little(bytes, at, width) : bytes_big(bytes, at, width);
}

static uint64_t number_at(const struct reading *reading, uint64_t at, unsigned width)
{
	return number(reading, picture_bytes(reading->window, at, width), 0, width);
}

static unsigned width_of(uint64_t type)
{
	return type == 3 || type == 8 ? 2 : type == 4 || type == 9 ? 4 : type == 16 ? 8 : 1;
}

static void read_bits(struct reading *reading, uint64_t count, uint64_t where)
{
	reading->bits = number_at(reading, where, 2);
	for (uint64_t i = 1; i < count && i < 16; i++)
		if (number_at(reading, where + 2 * i, 2) != reading->bits)
			reading->even = false;
}

static void read_entry(struct reading *reading, uint64_t at)
{
	const unsigned wide = reading->big ? 8 : 4;
	struct bytes bytes = picture_bytes(reading->window, at, 4);
	uint64_t tag = number(reading, bytes, 0, 2), type = number(reading, bytes, 2, 2);
	uint64_t count = number_at(reading, at + 4, wide);
	const unsigned width = width_of(type);
	uint64_t value = number_at(reading, at + 4 + wide, width);
	bool inside = count <= wide / width;
	uint64_t where = inside ? at + 4 + wide : number_at(reading, at + 4 + wide, wide);
	switch (tag) {
	case 256:
		reading->width = value;
		break;
	case 257:
		reading->height = value;
		break;
	case 258:
		read_bits(reading, count, where);
		break;
	case 259:
		reading->compression = value;
		break;
	case 262:
		reading->photometric = value;
		break;
	case 274:
		reading->orientation = value;
		break;
	case 277:
		reading->samples = value;
		break;
	case 338:
		break;
	case 339:
		reading->format = number_at(reading, where, 2);
		break;
	case 34675:
		reading->profile_at = where;
		reading->profile_size = count;
		break;
	}
}

/* Walks through the directory at `at`; returns where the next is, 0: nowhere. */
static uint64_t next_directory(struct reading *reading, uint64_t at, bool first)
{
	const unsigned wide = reading->big ? 8 : 2, entry = reading->big ? 20 : 12;
	uint64_t count = number_at(reading, at, wide);
	if (count == 0 || count > 4096)
		return 0;
	for (uint64_t i = 0; first && i < count && picture_step(reading->window); i++)
		read_entry(reading, at + wide + entry * i);
	return number_at(reading, at + wide + entry * count, reading->big ? 8 : 4);
}

static bool is_plain(const struct reading *reading)
{
	static const uint64_t compressions[] = {
		1, 2, 3, 4, 5, COMPRESSION_JPEG, 8, 32773, 32946, 34925, 50000, 50001};
	bool known = false;
	for (size_t i = 0; i < sizeof compressions / sizeof *compressions; i++)
		known = known || reading->compression == compressions[i];
	if (!known || !reading->even)
		return false;
	/* Its alpha is taken off the colours a second time. */
	if (reading->compression == COMPRESSION_JPEG && reading->samples > 3 &&
		reading->photometric != PHOTOMETRIC_CMYK)
		return false;
	if (reading->photometric == PHOTOMETRIC_YCBCR && reading->compression != COMPRESSION_JPEG)
		return false;
	if (reading->photometric > PHOTOMETRIC_YCBCR || reading->format > 1)
		return false;
	return reading->bits == 1 || reading->bits == 2 || reading->bits == 4 ||
	       reading->bits == 8 || reading->bits == 16;
}

void picture_tiff(struct picture_window *window, struct picture *picture)
{
	struct bytes head = picture_bytes(window, 0, 8);
	struct reading reading = {
		.window = window,
		.little = bytes_have(head, 0, "II"),
		.bits = 1,
		.samples = 1,
		.compression = 1,
		.photometric = PHOTOMETRIC_RGB,
		.format = 1,
		.orientation = 1,
		.even = true,
	};
	reading.big = number(&reading, head, 2, 2) == 43;
	uint64_t at = reading.big ? number_at(&reading, 8, 8) : number(&reading, head, 4, 4);
	at = next_directory(&reading, at, true);
	for (; at > 0 && picture->frames < PAGES_MAX && picture_step(window); picture->frames++)
		at = next_directory(&reading, at, false);
	/* A BigTIFF may say more than products are made for. */
	picture->width = reading.width < UINT32_MAX ? reading.width : UINT32_MAX;
	picture->height = reading.height < UINT32_MAX ? reading.height : UINT32_MAX;
	if (reading.orientation >= 1 && reading.orientation <= 8)
		picture->orientation = (unsigned)reading.orientation;
	const uint64_t colours = reading.photometric <= 1 || reading.photometric == 4 ? 1
				 : reading.photometric == PHOTOMETRIC_CMYK	      ? 4
				 : reading.photometric == 3			      ? 1
										      : 3;
	picture->alpha = reading.samples > colours;
	picture->inverted = reading.photometric == PHOTOMETRIC_WHITE_IS_ZERO &&
			    (reading.bits == 2 || reading.bits == 4);
	picture->plain = is_plain(&reading);
	const char *space = reading.photometric == PHOTOMETRIC_CMYK ? "CMYK"
			    : reading.photometric <= 1		    ? "GRAY"
								    : "RGB ";
	picture->profile = reading.profile_at &&
			   picture_profile(window, reading.profile_at, reading.profile_size, space);
}
