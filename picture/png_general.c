/* SPDX-License-Identifier: MIT */
/*
 * libpng knows nothing of animations, unfolds slowly, and goes on to unfold whatever stands behind
 * the last row. So it reads a file that is made here while it reads: a header with the sides of the
 * picture, the palette, and exactly the bytes of the rows, unfolded already (RFC 1951, 3.2.4).
 *
 * A picture that is interlaced is complete in memory before its first row is pushed: its rows come
 * in seven passes.
 */
#include "picture/png_general.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/png_inflate.h"
#include "picture/png_library.h"

/* Bytes of rows in one chunk, and of a chunk at most; the beginning of the file is shorter. */
enum { PIECE = 32 * 1024, MADE_MAX = PIECE + 64 };

struct png_general {
	struct png_errors errors;
	const struct png_library *library;
	png_structp png;
	png_infop info;
	struct png_stream *stream;
	const struct png_picture *picture;
	const uint8_t *given; /* what libpng gets next */
	size_t given_length;
	uint8_t made[MADE_MAX]; /* where that stands */
	size_t made_length;
	struct png_inflate *inflate;
	uint64_t rows, left; /* bytes of all rows; those that libpng has not got */
	uint8_t *pixels;     /* one row, or all */
};

static void leave(struct png_general *general, int status)
{
	general->errors.status = status;
	general->library->error(general->png, "source");
}

static void put_number(struct png_general *general, uint32_t number)
{
	uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
		(uint8_t)(number >> 8), (uint8_t)number};
	memcpy(general->made + general->made_length, bytes, 4);
	general->made_length += 4;
}

/* Its sum is not looked at. */
static void put_chunk(
	struct png_general *general, uint32_t type, const uint8_t *bytes, size_t length)
{
	put_number(general, (uint32_t)length);
	put_number(general, type);
	if (length)
		memcpy(general->made + general->made_length, bytes, length);
	general->made_length += length;
	put_number(general, 0);
}

static void begin(struct png_general *general)
{
	static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
	const struct png_file *file = general->stream->file;
	memcpy(general->made, signature, sizeof(signature));
	general->made_length = sizeof(signature);
	put_number(general, 13);
	put_number(general, PNG_FILE_TYPE('I', 'H', 'D', 'R'));
	put_number(general, general->picture->width);
	put_number(general, general->picture->height);
	put_number(general, (uint32_t)file->depth << 24 | (uint32_t)file->colour << 16);
	general->made[general->made_length++] = file->interlace;
	put_number(general, 0);
	if (file->palette_length && file->colour == 3)
		put_chunk(general, PNG_FILE_TYPE('P', 'L', 'T', 'E'), file->palette,
			file->palette_length);
	if (file->transparency_length)
		put_chunk(general, PNG_FILE_TYPE('t', 'R', 'N', 'S'), file->transparency,
			file->transparency_length);
	general->given = general->made;
	general->given_length = general->made_length;
}

/* Bytes of all rows with their filters' bytes, in all passes (PNG, 8.2). */
static uint64_t bytes_of_rows(const struct png_file *file, const struct png_picture *picture)
{
	static const uint8_t channels[] = {1, 0, 3, 1, 2, 0, 4};
	/* The first column and row of a pass, and the steps. */
	static const uint8_t whole[][4] = {{0, 0, 1, 1}};
	static const uint8_t seven[][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
		{0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
	uint64_t sum = 0;
	for (unsigned pass = 0; pass < (file->interlace ? 7 : 1); pass++) {
		const uint8_t *at = file->interlace ? seven[pass] : whole[pass];
		if (picture->width <= at[0] || picture->height <= at[1])
			continue;
		uint64_t width = (picture->width - at[0] + at[2] - 1u) / at[2];
		uint64_t height = (picture->height - at[1] + at[3] - 1u) / at[3];
		sum += height * (1 + (width * channels[file->colour] * file->depth + 7) / 8);
	}
	return sum;
}

/* There is nothing left to give: the next bytes of rows, as a chunk with one stored block, or the
 * end. */
static void refill(struct png_general *general)
{
	size_t length = general->left < PIECE ? (size_t)general->left : PIECE;
	bool first = general->left == general->rows, last = general->left == length;
	general->made_length = 0;
	general->given = general->made;
	if (length) {
		general->left -= length;
		put_number(general, (uint32_t)((first ? 2 : 0) + 5 + length + (last ? 4 : 0)));
		put_number(general, PNG_FILE_IDAT);
		uint8_t *to = general->made + general->made_length;
		if (first) {
			*to++ = 0x78;
			*to++ = 0x01;
		}
		*to++ = last;
		*to++ = (uint8_t)length;
		*to++ = (uint8_t)(length >> 8);
		*to++ = (uint8_t)~length;
		*to++ = (uint8_t)(~length >> 8);
		int status = png_inflate_read(general->inflate, to, length);
		if (status)
			leave(general, status);
		general->made_length = (size_t)(to + length - general->made);
		if (last)
			put_number(general, 0);
		put_number(general, 0);
	} else
		put_chunk(general, PNG_FILE_IEND, NULL, 0);
	general->given_length = general->made_length;
}

static void read_bytes(png_structp png, png_bytep bytes, size_t length)
{
	struct png_general *general = png_library_reader(png);
	while (length > 0) {
		if (!general->given_length)
			refill(general);
		size_t part = length < general->given_length ? length : general->given_length;
		memcpy(bytes, general->given, part);
		general->given += part;
		general->given_length -= part;
		bytes += part;
		length -= part;
	}
}

static void ask(struct png_general *general)
{
	const struct png_library *library = general->library;
	png_structp png = general->png;
	library->set_read(png, general, read_bytes);
	library->set_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	library->set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
	library->set_option(png, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
	library->read_info(png, general->info);
	library->set_expand(png);
	if (general->picture->rgba) {
		library->set_scale_16(png);
		library->set_gray_to_rgb(png);
		library->set_add_alpha(png, 255, PNG_FILLER_AFTER);
	} else if (__BYTE_ORDER == __LITTLE_ENDIAN)
		library->set_swap(png);
}

static int push(struct png_general *general, struct stage *target)
{
	const struct png_library *library = general->library;
	png_structp png = general->png;
	uint32_t height = general->picture->height;
	int passes = library->set_interlace(png);
	library->update_info(png, general->info);
	size_t stride = library->row_bytes(png, general->info);
	if (passes > 1 && stride > SIZE_MAX / height)
		return fault_memory();
	general->pixels = malloc(passes > 1 ? stride * height : stride);
	if (!general->pixels)
		return fault_memory();
	for (int pass = 1; pass < passes; pass++)
		for (uint32_t y = 0; y < height; y++)
			library->read_row(png, general->pixels + stride * y, NULL);
	for (uint32_t y = 0; y < height; y++) {
		uint8_t *row = passes > 1 ? general->pixels + stride * y : general->pixels;
		library->read_row(png, row, NULL);
		int status = stage_row(target, row);
		if (status)
			return status;
	}
	library->read_end(png, NULL);
	return 0;
}

static int run(struct png_general *general, struct stage *target)
{
	if (setjmp(general->errors.escape))
		return general->errors.status;
	general->png = general->library->read_create(PNG_LIBPNG_VER_STRING, &general->errors,
		png_errors_leave, png_errors_ignore, &general->errors, png_errors_malloc,
		png_errors_free);
	general->info = general->png ? general->library->info_create(general->png) : NULL;
	if (!general->info)
		return fault_memory();
	begin(general);
	ask(general);
	return push(general, target);
}

int png_general_push(
	struct png_stream *stream, const struct png_picture *picture, struct stage *target)
{
	const struct png_library *library;
	int status = png_library(&library);
	if (status)
		return status;
	struct png_general *general = calloc(1, sizeof(*general));
	if (!general)
		return fault_memory();
	general->library = library;
	general->stream = stream;
	general->picture = picture;
	general->rows = general->left = bytes_of_rows(stream->file, picture);
	status = png_inflate_new(stream, &general->inflate);
	if (!status)
		status = run(general, target);
	if (!status)
		status = png_stream_end(stream);
	if (!setjmp(general->errors.escape))
		library->read_destroy(&general->png, &general->info, NULL);
	png_inflate_free(general->inflate);
	free(general->pixels);
	free(general);
	return status;
}
