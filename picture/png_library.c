/* SPDX-License-Identifier: MIT */
/*
 * libpng knows nothing of animations, unfolds slowly, and goes on to unfold whatever stands behind
 * the last row. So it reads a file that is made here while it reads: a header with the sides of the
 * picture, the palette, and exactly the bytes of the rows, unfolded already (RFC 1951, 3.2.4).
 *
 * A picture that is interlaced is complete in memory before its first row is pushed: its rows come
 * in seven passes.
 */
#include "picture/png_library.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/png_errors.h"
#include "picture/png_inflate.h"

/* Bytes of rows in one chunk, and of a chunk at most; the beginning of the file is shorter. */
enum { PIECE = 32 * 1024, MADE_MAX = PIECE + 64 };

struct png_library {
	struct png_errors errors;
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

static void leave(struct png_library *library, int status)
{
	library->errors.status = status;
	png_error(library->png, "source");
}

static void put_number(struct png_library *library, uint32_t number)
{
	uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
		(uint8_t)(number >> 8), (uint8_t)number};
	memcpy(library->made + library->made_length, bytes, 4);
	library->made_length += 4;
}

/* Its sum is not looked at. */
static void put_chunk(
	struct png_library *library, uint32_t type, const uint8_t *bytes, size_t length)
{
	put_number(library, (uint32_t)length);
	put_number(library, type);
	if (length)
		memcpy(library->made + library->made_length, bytes, length);
	library->made_length += length;
	put_number(library, 0);
}

static void begin(struct png_library *library)
{
	static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
	const struct png_file *file = library->stream->file;
	memcpy(library->made, signature, sizeof(signature));
	library->made_length = sizeof(signature);
	put_number(library, 13);
	put_number(library, PNG_FILE_TYPE('I', 'H', 'D', 'R'));
	put_number(library, library->picture->width);
	put_number(library, library->picture->height);
	put_number(library, (uint32_t)file->depth << 24 | (uint32_t)file->colour << 16);
	library->made[library->made_length++] = file->interlace;
	put_number(library, 0);
	if (file->palette_length && file->colour == 3)
		put_chunk(library, PNG_FILE_TYPE('P', 'L', 'T', 'E'), file->palette,
			file->palette_length);
	if (file->transparency_length)
		put_chunk(library, PNG_FILE_TYPE('t', 'R', 'N', 'S'), file->transparency,
			file->transparency_length);
	library->given = library->made;
	library->given_length = library->made_length;
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
static void refill(struct png_library *library)
{
	size_t length = library->left < PIECE ? (size_t)library->left : PIECE;
	bool first = library->left == library->rows, last = library->left == length;
	library->made_length = 0;
	library->given = library->made;
	if (length) {
		library->left -= length;
		put_number(library, (uint32_t)((first ? 2 : 0) + 5 + length + (last ? 4 : 0)));
		put_number(library, PNG_FILE_IDAT);
		uint8_t *to = library->made + library->made_length;
		if (first) {
			*to++ = 0x78;
			*to++ = 0x01;
		}
		*to++ = last;
		*to++ = (uint8_t)length;
		*to++ = (uint8_t)(length >> 8);
		*to++ = (uint8_t)~length;
		*to++ = (uint8_t)(~length >> 8);
		int status = png_inflate_read(library->inflate, to, length);
		if (status)
			leave(library, status);
		library->made_length = (size_t)(to + length - library->made);
		if (last)
			put_number(library, 0);
		put_number(library, 0);
	} else
		put_chunk(library, PNG_FILE_IEND, NULL, 0);
	library->given_length = library->made_length;
}

static void read_bytes(png_structp png, png_bytep bytes, size_t length)
{
	struct png_library *library = png_get_io_ptr(png);
	while (length > 0) {
		if (!library->given_length)
			refill(library);
		size_t part = length < library->given_length ? length : library->given_length;
		memcpy(bytes, library->given, part);
		library->given += part;
		library->given_length -= part;
		bytes += part;
		length -= part;
	}
}

static void ask(struct png_library *library)
{
	png_structp png = library->png;
	png_set_read_fn(png, library, read_bytes);
	png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
	png_set_option(png, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
	png_read_info(png, library->info);
	png_set_expand(png);
	if (library->picture->rgba) {
		png_set_scale_16(png);
		png_set_gray_to_rgb(png);
		png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
	} else if (__BYTE_ORDER == __LITTLE_ENDIAN)
		png_set_swap(png);
}

static int push(struct png_library *library, struct stage *target)
{
	png_structp png = library->png;
	uint32_t height = library->picture->height;
	int passes = png_set_interlace_handling(png);
	png_read_update_info(png, library->info);
	size_t stride = png_get_rowbytes(png, library->info);
	if (passes > 1 && stride > SIZE_MAX / height)
		return fault_memory();
	library->pixels = malloc(passes > 1 ? stride * height : stride);
	if (!library->pixels)
		return fault_memory();
	for (int pass = 1; pass < passes; pass++)
		for (uint32_t y = 0; y < height; y++)
			png_read_row(png, library->pixels + stride * y, NULL);
	for (uint32_t y = 0; y < height; y++) {
		uint8_t *row = passes > 1 ? library->pixels + stride * y : library->pixels;
		png_read_row(png, row, NULL);
		int status = stage_row(target, row);
		if (status)
			return status;
	}
	png_read_end(png, NULL);
	return 0;
}

static int run(struct png_library *library, struct stage *target)
{
	if (setjmp(library->errors.escape))
		return library->errors.status;
	library->png =
		png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &library->errors, png_errors_leave,
			png_errors_ignore, &library->errors, png_errors_malloc, png_errors_free);
	library->info = library->png ? png_create_info_struct(library->png) : NULL;
	if (!library->info)
		return fault_memory();
	begin(library);
	ask(library);
	return push(library, target);
}

int png_library_push(
	struct png_stream *stream, const struct png_picture *picture, struct stage *target)
{
	struct png_library *library = calloc(1, sizeof(*library));
	if (!library)
		return fault_memory();
	library->stream = stream;
	library->picture = picture;
	library->rows = library->left = bytes_of_rows(stream->file, picture);
	int status = png_inflate_new(stream, &library->inflate);
	if (!status)
		status = run(library, target);
	if (!status)
		status = png_stream_end(stream);
	if (!setjmp(library->errors.escape))
		png_destroy_read_struct(&library->png, &library->info, NULL);
	png_inflate_free(library->inflate);
	free(library->pixels);
	free(library);
	return status;
}
