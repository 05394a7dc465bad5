/* SPDX-License-Identifier: MIT */
/*
 * ISO base media files (ISO/IEC 14496-12): one container for photos and films, told apart by
 * brands. Sizes of pictures stand in `ispe` properties, of which a grid has one for each tile and
 * one for the whole: the largest is taken.
 */
#include "src/source/sniff_bytes.h"

enum { BRANDS_BYTES = 256 };

/* The box at `at`: its type's position is at + 4. Returns where the next begins, 0 when there is
 * none. */
static uint64_t read_box(struct bytes bytes, uint64_t at, struct bytes *body)
{
	struct bytes rest = bytes_cut(bytes, at, UINT64_MAX);
	if (rest.size < 8)
		return 0;
	uint64_t size = bytes_big(rest, 0, 4);
	unsigned header = 8;
	if (size == 1) {
		header = 16;
		size = bytes_big(rest, 8, 8);
	} else if (size == 0) {
		size = rest.size;
	}
	if (size < header || size > INT64_MAX)
		return 0;
	*body = bytes_cut(rest, header, size - header);
	return at + size;
}

/* The body of the first box of this type; empty when there is none. */
static struct bytes find_box(struct bytes bytes, const char type[4])
{
	struct bytes body;
	for (uint64_t at = 0, next; (next = read_box(bytes, at, &body)); at = next)
		if (bytes_are(bytes, (size_t)at + 4, type, 4))
			return body;
	return (struct bytes){bytes.data, 0};
}

static void size_picture(struct bytes bytes, struct sniff *result)
{
	struct bytes meta = find_box(bytes, "meta");
	/* A full box: version and flags first. */
	struct bytes boxes = bytes_cut(meta, 4, UINT64_MAX);
	struct bytes properties = find_box(find_box(boxes, "iprp"), "ipco");
	struct bytes body;
	for (uint64_t at = 0, next; (next = read_box(properties, at, &body)); at = next)
		if (bytes_have(properties, (size_t)at + 4, "ispe") && body.size >= 12)
			sniff_grow(result, bytes_big(body, 4, 4), bytes_big(body, 8, 4));
}

static bool has_brand(struct bytes brands, const char *const *names)
{
	/* Behind the major brand stands its version, which is no brand. */
	for (; *names; names++)
		for (size_t at = 0; at + 4 <= brands.size; at += at == 0 ? 8 : 4)
			if (bytes_are(brands, at, *names, 4))
				return true;
	return false;
}

static bool is_old_quicktime(struct bytes bytes)
{
	/* Sizes as they are, not the letters of a text that has such a word in fifth place. */
	if (bytes.size < 8 || bytes.data[0] > 0x1f)
		return false;
	return bytes_have(bytes, 4, "moov") || bytes_have(bytes, 4, "mdat") ||
	       bytes_have(bytes, 4, "wide") || bytes_have(bytes, 4, "skip") ||
	       bytes_have(bytes, 4, "free") || bytes_have(bytes, 4, "pnot");
}

bool sniff_boxes(struct bytes bytes, struct sniff *result)
{
	static const char *const avif[] = {"avif", "avis", NULL};
	static const char *const heic[] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm",
		"hevs", "mif1", "msf1", "mif2", NULL};
	static const char *const quicktime[] = {"qt  ", NULL};
	if (!bytes_have(bytes, 4, "ftyp")) {
		result->type = MEDIA_MOV;
		return is_old_quicktime(bytes);
	}
	struct bytes brands;
	if (!read_box(bytes, 0, &brands))
		return false;
	brands = bytes_cut(brands, 0, BRANDS_BYTES);
	struct bytes major = bytes_cut(brands, 0, 4);
	if (has_brand(major, quicktime))
		result->type = MEDIA_MOV;
	else if (has_brand(brands, avif))
		result->type = MEDIA_AVIF;
	else if (has_brand(brands, heic))
		result->type = MEDIA_HEIC;
	else
		result->type = MEDIA_MP4;
	if (result->type == MEDIA_AVIF || result->type == MEDIA_HEIC)
		size_picture(bytes, result);
	return true;
}
