/* SPDX-License-Identifier: MIT */
/*
 * The walk goes to the end of the file before a pixel is decoded, because EXIF may stand behind the
 * pixels and the end may be missing. One table has the chunks that count here; the others, texts
 * above all, are passed over unread, so that nothing in them can unfold.
 */
#include "picture/png_file.h"

#include <stdlib.h>
#include <string.h>

#include "picture/deflate_library.h"
#include "picture/fault.h"
#include "picture/png_profile.h"

enum { SIGNATURE = 8, SMALL = 4096, BODY_MAX = 1 << 20, PROFILE_MAX = 8 << 20 };

struct known {
	uint32_t type;
	size_t low, high; /* bytes of its data */
	bool behind;	  /* may stand behind the pixels */
	int (*read)(struct png_file *file, const uint8_t *bytes, size_t length);
};

uint32_t png_file_number(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

size_t png_file_bytes(struct png_file *file, uint64_t at, size_t most, const uint8_t **bytes)
{
	uint64_t end = file->window_at + file->window_length;
	if (at < file->window_at || at > end || end - at < most) {
		size_t length = most < SMALL ? SMALL : most;
		file->window_length = input_read(file->input, at, file->window, length);
		file->window_at = at;
		end = at + file->window_length;
	}
	*bytes = file->window + (at - file->window_at);
	return end - at < most ? (size_t)(end - at) : most;
}

int png_file_chunk(struct png_file *file, uint64_t at, struct png_chunk *chunk)
{
	const uint8_t *head;
	if (png_file_bytes(file, at, 8, &head) < 8)
		return fault(FAULT_BROKEN, "png: the end is missing");
	*chunk = (struct png_chunk){png_file_number(head + 4), png_file_number(head), at + 8};
	if (input_length(file->input) - chunk->data < (uint64_t)chunk->length + 4)
		return fault(FAULT_BROKEN, "png: the end is missing");
	return 0;
}

bool png_file_body(
	struct png_file *file, const struct png_chunk *chunk, uint8_t *bytes, size_t room)
{
	uint8_t type[4] = {(uint8_t)(chunk->type >> 24), (uint8_t)(chunk->type >> 16),
		(uint8_t)(chunk->type >> 8), (uint8_t)chunk->type};
	uint8_t sum[4];
	if (chunk->length > room ||
		input_read(file->input, chunk->data, bytes, chunk->length) < chunk->length ||
		input_read(file->input, chunk->data + chunk->length, sum, 4) < 4)
		return false;
	const struct deflate_library *deflate = file->deflate;
	uint32_t crc = deflate->crc32(deflate->crc32(0, type, 4), bytes, chunk->length);
	return png_file_number(sum) == crc;
}

static int read_palette(struct png_file *file, const uint8_t *bytes, size_t length)
{
	if (length % 3)
		return fault(FAULT_BROKEN, "png: the palette is broken");
	memcpy(file->palette, bytes, length);
	file->palette_length = length;
	return 0;
}

static int read_transparency(struct png_file *file, const uint8_t *bytes, size_t length)
{
	size_t wanted = file->colour == 0 ? 2 : file->colour == 2 ? 6 : file->palette_length / 3;
	bool fits = file->colour == 3 ? length <= wanted : length == wanted;
	if ((file->colour & 4) || !fits || !length)
		return 0;
	memcpy(file->transparency, bytes, length);
	file->transparency_length = length;
	return 0;
}

static int read_cicp(struct png_file *file, const uint8_t *bytes, size_t length)
{
	(void)length;
	file->cicp = (struct decoder_cicp){bytes[0], bytes[1], bytes[2], bytes[3] != 0};
	return 0;
}

static int read_exif(struct png_file *file, const uint8_t *bytes, size_t length)
{
	file->orientation = decoder_exif_orientation(bytes, length);
	return 0;
}

static int read_gamma(struct png_file *file, const uint8_t *bytes, size_t length)
{
	(void)length;
	file->gamma = png_file_number(bytes);
	return 0;
}

static int read_chromaticities(struct png_file *file, const uint8_t *bytes, size_t length)
{
	(void)length;
	for (unsigned at = 0; at < 8; at++)
		file->chromaticities[at] = png_file_number(bytes + 4 * (size_t)at);
	return 0;
}

static int read_srgb(struct png_file *file, const uint8_t *bytes, size_t length)
{
	(void)bytes;
	(void)length;
	file->srgb = true;
	return 0;
}

static int read_animation(struct png_file *file, const uint8_t *bytes, size_t length)
{
	(void)length;
	file->frames = png_file_number(bytes);
	file->loops = png_file_number(bytes + 4);
	return 0;
}

/* The first of each kind counts. */
static const struct known knowns[] = {
	{PNG_FILE_TYPE('P', 'L', 'T', 'E'), 3, PNG_FILE_PALETTE, false, read_palette},
	{PNG_FILE_TYPE('t', 'R', 'N', 'S'), 1, PNG_FILE_TRANSPARENCY, false, read_transparency},
	{PNG_FILE_TYPE('c', 'I', 'C', 'P'), 4, 4, false, read_cicp},
	{PNG_FILE_TYPE('i', 'C', 'C', 'P'), 4, PROFILE_MAX, false, png_profile_read},
	{PNG_FILE_TYPE('s', 'R', 'G', 'B'), 1, 1, false, read_srgb},
	{PNG_FILE_TYPE('g', 'A', 'M', 'A'), 4, 4, false, read_gamma},
	{PNG_FILE_TYPE('c', 'H', 'R', 'M'), 32, 32, false, read_chromaticities},
	{PNG_FILE_TYPE('e', 'X', 'I', 'f'), 8, BODY_MAX, true, read_exif},
	{PNG_FILE_TYPE('a', 'c', 'T', 'L'), 8, 8, false, read_animation},
};

enum { KNOWNS = sizeof(knowns) / sizeof(*knowns) };

static bool is_critical(const struct png_chunk *chunk)
{
	return !(chunk->type & 0x20000000);
}

/* A chunk that is not the pixels. `seen` has a bit for each row of the table. */
static int read_known(struct png_file *file, const struct png_chunk *chunk, unsigned *seen)
{
	unsigned at = 0;
	while (at < KNOWNS && knowns[at].type != chunk->type)
		at++;
	if (at == KNOWNS)
		return is_critical(chunk) ? fault(FAULT_UNSUPPORTED,
						    "png: a critical chunk of an unknown type")
					  : 0;
	const struct known *known = &knowns[at];
	if ((*seen & 1u << at) || (file->data && !known->behind))
		return 0;
	*seen |= 1u << at;
	if (chunk->length < known->low || chunk->length > known->high)
		return is_critical(chunk) ? fault(FAULT_BROKEN, "png: a chunk has a wrong size")
					  : 0;
	uint8_t *bytes = malloc(chunk->length);
	if (!bytes)
		return fault_memory();
	int status = 0;
	if (png_file_body(file, chunk, bytes, chunk->length))
		status = known->read(file, bytes, chunk->length);
	else if (is_critical(chunk))
		status = fault(FAULT_BROKEN, "png: a chunk is damaged");
	free(bytes);
	return status;
}

/* Which depths a type of colours may have (PNG, table 11.1): a bit for each. */
static const uint32_t depths[7] = {1u << 1 | 1u << 2 | 1u << 4 | 1u << 8 | 1u << 16, 0,
	1u << 8 | 1u << 16, 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8, 1u << 8 | 1u << 16, 0,
	1u << 8 | 1u << 16};

static int read_header(struct png_file *file, uint64_t *at)
{
	struct png_chunk chunk;
	uint8_t bytes[13];
	int status = png_file_chunk(file, *at, &chunk);
	if (status)
		return status;
	/* Of Apple's own kind, which apps for telephones have, and browsers do not show. */
	if (chunk.type == PNG_FILE_TYPE('C', 'g', 'B', 'I'))
		return fault(FAULT_UNSUPPORTED, "png: of the kind CgBI, which is no PNG");
	if (chunk.type != PNG_FILE_TYPE('I', 'H', 'D', 'R') || chunk.length != sizeof(bytes) ||
		!png_file_body(file, &chunk, bytes, sizeof(bytes)))
		return fault(FAULT_BROKEN, "png: the header is damaged");
	file->width = png_file_number(bytes);
	file->height = png_file_number(bytes + 4);
	file->depth = bytes[8];
	file->colour = bytes[9];
	file->interlace = bytes[12];
	if (file->width > INT32_MAX || file->height > INT32_MAX || file->colour > 6 ||
		file->depth > 16 || !(depths[file->colour] & 1u << file->depth) || bytes[10] ||
		bytes[11] || file->interlace > 1)
		return fault(FAULT_BROKEN, "png: the header makes no sense");
	*at = chunk.data + chunk.length + 4;
	return 0;
}

int png_file_read(struct png_file *file)
{
	uint64_t at = SIGNATURE;
	unsigned seen = 0;
	struct png_chunk chunk;
	file->orientation = 1;
	file->cicp = (struct decoder_cicp){2, 2, 2, true};
	int status = deflate_library(&file->deflate);
	if (!status)
		status = read_header(file, &at);
	/* Each turn is at least twelve bytes further in the file. */
	while (!status) {
		status = png_file_chunk(file, at, &chunk);
		if (status || chunk.type == PNG_FILE_IEND)
			break;
		if (chunk.type == PNG_FILE_IDAT)
			file->data = file->data ? file->data : at;
		else if (chunk.type == PNG_FILE_FCTL)
			file->control = file->control ? file->control : at;
		else
			status = read_known(file, &chunk, &seen);
		at = chunk.data + chunk.length + 4;
	}
	if (status)
		return status;
	uint8_t none[1];
	if (chunk.length || !png_file_body(file, &chunk, none, 0))
		return fault(FAULT_BROKEN, "png: the end is damaged");
	if (!file->data)
		return fault(FAULT_BROKEN, "png: there are no pixels");
	if (file->colour == 3 && !file->palette_length)
		return fault(FAULT_BROKEN, "png: the palette is missing");
	return 0;
}

void png_file_deinit(struct png_file *file)
{
	free(file->profile);
	file->profile = NULL;
}
