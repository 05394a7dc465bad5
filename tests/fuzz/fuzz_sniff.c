/* SPDX-License-Identifier: MIT */
/*
 * A file, whole: its first bytes, then whatever sniff_more asks for, as the source does it. Two
 * bytes in front of it say how much is given at a time.
 */
#include "src/source/picture.h"
#include "src/source/sniff.h"
#include "src/source/film.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* Bytes of the file in memory of exactly that size. */
static uint8_t *piece(const struct fuzz_bytes *file, uint64_t offset, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	MUST(copy);
	if (size > 0)
		memcpy(copy, file->data + offset, size);
	return copy;
}

static void check(const struct sniff *result)
{
	MUST(result->type < MEDIA_TYPES);
	const char *name = media_name(result->type), *type = media_content_type(result->type);
	MUST(name && strchr(type, '/'));
	if (result->type != MEDIA_UNKNOWN)
		MUST(media_from_name(name) == (int)result->type);
	/* A product that does not overflow is what max_pixels relies on. */
	MUST(result->width <= UINT32_MAX && result->height <= UINT32_MAX);
}

static size_t read_file(
	const struct film_file *file, unsigned char *buffer, size_t size, uint64_t offset)
{
	const struct fuzz_bytes *bytes = file->data;
	MUST(offset <= bytes->size);
	size_t left = bytes->size - (size_t)offset, n = left < size ? left : size;
	memcpy(buffer, bytes->data + offset, n);
	return n;
}

/* What the source looks at behind its first bytes, for the type that it has. */
static void check_film(struct fuzz_bytes *bytes, enum media_type type)
{
	const struct film_file file = {read_file, bytes, bytes->size};
	struct film film;
	film_look(&file, type, &film);
	MUST(film.video >= -1 && film.video < 4096);
}

static size_t read_piece(void *data, uint64_t at, void *buffer, size_t size)
{
	const struct fuzz_bytes *file = data;
	if (at >= file->size)
		return 0;
	size_t left = file->size - (size_t)at;
	memcpy(buffer, file->data + at, left < size ? left : size);
	return left < size ? left : size;
}

/* As if the type were known: each reader meets each file. */
static void look(struct fuzz_bytes file)
{
	const struct picture_reader reader = {.read = read_piece, .data = &file};
	for (int type = 0; type < MEDIA_TYPES; type++) {
		struct picture picture = picture_look((enum media_type)type, &reader);
		MUST(picture.orientation <= 8 && picture.width <= UINT32_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	look((struct fuzz_bytes){data, size});
	struct fuzz_bytes file = {data, size};
	size_t step = fuzz_byte(&file) | (size_t)fuzz_byte(&file) << 8;
	step = step % SNIFF_BYTES + 1;
	size_t first = file.size < step ? file.size : step;
	uint8_t *bytes = piece(&file, 0, first);
	struct sniff result = sniff(bytes, first), again = sniff(bytes, first);
	free(bytes);
	check(&result);
	MUST(result.type == again.type && result.width == again.width &&
		result.height == again.height && result.more_at == again.more_at);
	enum media_type type = result.type;
	check_film(&file, type);
	for (int i = 0; i < 256 && result.more_at > 0 && result.more_at < file.size; i++) {
		uint64_t at = result.more_at;
		size_t left = (size_t)(file.size - at);
		size_t n = left < step ? left : step;
		bytes = piece(&file, at, n);
		sniff_more(&result, bytes, n);
		free(bytes);
		check(&result);
		MUST(result.type == type);
		if (result.more_at == at)
			break;
	}
	return 0;
}
