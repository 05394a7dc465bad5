/* SPDX-License-Identifier: MIT */
/*
 * libpng knows nothing of animations, and checks sums with more time than is needed. So it reads a
 * file that is made here while it reads: a header with the sides of the picture, the palette, and
 * the pixels' chunks, whose sums have been checked already.
 *
 * A picture that is interlaced is complete in memory before its first row is pushed: its rows come
 * in seven passes.
 */
#include "picture/png_rows.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "picture/fault.h"
#include "picture/png_errors.h"

enum { BEGIN_MAX = 8 + 25 + 12 + PNG_FILE_PALETTE + 12 + PNG_FILE_TRANSPARENCY };

struct png_rows {
	struct png_errors errors;
	png_structp png;
	png_infop info;
	struct png_file *file;
	const struct png_picture *picture;
	const uint8_t *given; /* what libpng gets next */
	size_t given_length;
	uint8_t made[BEGIN_MAX]; /* what does not stand so in the file */
	size_t made_length;
	uint64_t at;   /* where in the file */
	uint32_t left; /* bytes of the current chunk */
	uLong sum;     /* of it so far */
	bool in_chunk; /* its sum is still to be checked */
	uint32_t sequence;
	uint8_t *pixels; /* one row, or all */
};

static void leave(struct png_rows *rows, int status)
{
	rows->errors.status = status;
	png_error(rows->png, "source");
}

static void put_number(struct png_rows *rows, uint32_t number)
{
	uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
		(uint8_t)(number >> 8), (uint8_t)number};
	memcpy(rows->made + rows->made_length, bytes, 4);
	rows->made_length += 4;
}

/* Its sum is not looked at. */
static void put_chunk(struct png_rows *rows, uint32_t type, const uint8_t *bytes, size_t length)
{
	put_number(rows, (uint32_t)length);
	put_number(rows, type);
	if (length)
		memcpy(rows->made + rows->made_length, bytes, length);
	rows->made_length += length;
	put_number(rows, 0);
}

static void begin(struct png_rows *rows)
{
	static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
	const struct png_file *file = rows->file;
	memcpy(rows->made, signature, sizeof(signature));
	rows->made_length = sizeof(signature);
	put_number(rows, 13);
	put_number(rows, PNG_FILE_TYPE('I', 'H', 'D', 'R'));
	put_number(rows, rows->picture->width);
	put_number(rows, rows->picture->height);
	put_number(rows, (uint32_t)file->depth << 24 | (uint32_t)file->colour << 16);
	rows->made[rows->made_length++] = file->interlace;
	put_number(rows, 0);
	if (file->palette_length && file->colour == 3)
		put_chunk(rows, PNG_FILE_TYPE('P', 'L', 'T', 'E'), file->palette,
			file->palette_length);
	if (file->transparency_length)
		put_chunk(rows, PNG_FILE_TYPE('t', 'R', 'N', 'S'), file->transparency,
			file->transparency_length);
	rows->given = rows->made;
	rows->given_length = rows->made_length;
}

/* A number that counts the chunks of an animation stands before the pixels. */
static void check_sequence(struct png_rows *rows)
{
	const uint8_t *bytes;
	if (rows->left < 4 || png_file_bytes(rows->file, rows->at, 4, &bytes) < 4 ||
		png_file_number(bytes) != rows->sequence)
		leave(rows, fault(FAULT_BROKEN, "png: a frame's chunks are not in order"));
	rows->sum = crc32(rows->sum, bytes, 4);
	rows->sequence++;
	rows->at += 4;
	rows->left -= 4;
}

static void check_sum(struct png_rows *rows)
{
	const uint8_t *bytes;
	if (png_file_bytes(rows->file, rows->at, 4, &bytes) < 4 ||
		png_file_number(bytes) != (uint32_t)rows->sum)
		leave(rows, fault(FAULT_BROKEN, "png: the pixels are damaged"));
	rows->at += 4;
	rows->in_chunk = false;
	put_number(rows, 0);
}

/* The head of the next chunk with pixels, or of the end where there are no more. */
static void next_chunk(struct png_rows *rows)
{
	uint32_t wanted = rows->picture->frame ? PNG_FILE_FDAT : PNG_FILE_IDAT;
	uint8_t type[4] = {(uint8_t)(wanted >> 24), (uint8_t)(wanted >> 16), (uint8_t)(wanted >> 8),
		(uint8_t)wanted};
	struct png_chunk chunk;
	int status = png_file_chunk(rows->file, rows->at, &chunk);
	if (status)
		leave(rows, status);
	if (chunk.type != wanted) {
		put_chunk(rows, PNG_FILE_IEND, NULL, 0);
		return;
	}
	rows->at = chunk.data;
	rows->left = chunk.length;
	rows->sum = crc32(0, type, sizeof(type));
	rows->in_chunk = true;
	if (rows->picture->frame)
		check_sequence(rows);
	put_number(rows, rows->left);
	put_number(rows, PNG_FILE_IDAT);
}

/* There is nothing left to give: what comes next, of the file or made here? */
static void refill(struct png_rows *rows)
{
	if (rows->left) {
		uint32_t length = rows->left < PNG_FILE_WINDOW ? rows->left : PNG_FILE_WINDOW;
		if (png_file_bytes(rows->file, rows->at, length, &rows->given) < length)
			leave(rows, fault(FAULT_BROKEN, "png: the end is missing"));
		rows->sum = crc32(rows->sum, rows->given, length);
		rows->given_length = length;
		rows->at += length;
		rows->left -= length;
		return;
	}
	rows->made_length = 0;
	if (rows->in_chunk)
		check_sum(rows);
	next_chunk(rows);
	rows->given = rows->made;
	rows->given_length = rows->made_length;
}

static void read_bytes(png_structp png, png_bytep bytes, size_t length)
{
	struct png_rows *rows = png_get_io_ptr(png);
	while (length > 0) {
		if (!rows->given_length)
			refill(rows);
		size_t part = length < rows->given_length ? length : rows->given_length;
		memcpy(bytes, rows->given, part);
		rows->given += part;
		rows->given_length -= part;
		bytes += part;
		length -= part;
	}
}

static void ask(struct png_rows *rows)
{
	png_structp png = rows->png;
	png_set_read_fn(png, rows, read_bytes);
	png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
	png_set_option(png, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
	png_read_info(png, rows->info);
	png_set_expand(png);
	if (rows->picture->rgba) {
		png_set_scale_16(png);
		png_set_gray_to_rgb(png);
		png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
	} else if (__BYTE_ORDER == __LITTLE_ENDIAN)
		png_set_swap(png);
}

static int push(struct png_rows *rows, struct stage *target)
{
	png_structp png = rows->png;
	uint32_t height = rows->picture->height;
	int passes = png_set_interlace_handling(png);
	png_read_update_info(png, rows->info);
	size_t stride = png_get_rowbytes(png, rows->info);
	if (passes > 1 && stride > SIZE_MAX / height)
		return fault_memory();
	rows->pixels = malloc(passes > 1 ? stride * height : stride);
	if (!rows->pixels)
		return fault_memory();
	for (int pass = 1; pass < passes; pass++)
		for (uint32_t y = 0; y < height; y++)
			png_read_row(png, rows->pixels + stride * y, NULL);
	for (uint32_t y = 0; y < height; y++) {
		uint8_t *row = passes > 1 ? rows->pixels + stride * y : rows->pixels;
		png_read_row(png, row, NULL);
		int status = stage_row(target, row);
		if (status)
			return status;
	}
	png_read_end(png, NULL);
	return 0;
}

static int run(struct png_rows *rows, struct stage *target)
{
	if (setjmp(rows->errors.escape))
		return rows->errors.status;
	rows->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &rows->errors, png_errors_leave,
		png_errors_ignore, &rows->errors, png_errors_malloc, png_errors_free);
	rows->info = rows->png ? png_create_info_struct(rows->png) : NULL;
	if (!rows->info)
		return fault_memory();
	begin(rows);
	ask(rows);
	return push(rows, target);
}

int png_rows_push(struct png_file *file, const struct png_picture *picture, struct stage *target)
{
	struct png_rows *rows = calloc(1, sizeof(*rows));
	if (!rows)
		return fault_memory();
	rows->file = file;
	rows->picture = picture;
	rows->at = picture->data;
	rows->sequence = picture->frame ? *picture->sequence : 0;
	int status = run(rows, target);
	if (picture->frame)
		*picture->sequence = rows->sequence;
	if (!setjmp(rows->errors.escape))
		png_destroy_read_struct(&rows->png, &rows->info, NULL);
	free(rows->pixels);
	free(rows);
	return status;
}
