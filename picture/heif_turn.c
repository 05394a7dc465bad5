/* SPDX-License-Identifier: MIT */
/*
 * libheif turns the whole picture before it hands it out, which takes a sixth of the time, and does
 * not tell how. Turned here, after it has become small, it costs nothing. So this looks for the
 * property itself (ISO/IEC 23008-12, 6.5.10 and 9.3); whatever is unusual is left to libheif.
 */
#include "picture/heif_turn.h"

#include <stdbool.h>
#include <string.h>

struct span {
	const uint8_t *at;
	size_t length;
};

enum { PROPERTIES_MAX = 256 };

/* A big-endian number from the front, or 0 where there is none. */
static uint32_t take(struct span *span, unsigned bytes)
{
	uint32_t value = 0;
	if (span->length < bytes) {
		span->length = 0;
		return 0;
	}
	for (unsigned at = 0; at < bytes; at++)
		value = value << 8 | span->at[at];
	span->at += bytes;
	span->length -= bytes;
	return value;
}

/* Takes one box: its type, and what is in it. */
static bool next_box(struct span *span, const char **type, struct span *body)
{
	if (span->length < 8)
		return false;
	size_t size = take(span, 4);
	*type = (const char *)span->at;
	take(span, 4);
	/* Larger ones, and ones without an end, are not for pictures. */
	if (size < 8 || size - 8 > span->length)
		return false;
	*body = (struct span){span->at, size - 8};
	span->at += size - 8;
	span->length -= size - 8;
	return true;
}

static bool find(struct span in, const char *wanted, struct span *body)
{
	const char *type = NULL;
	while (next_box(&in, &type, body))
		if (!memcmp(type, wanted, 4))
			return true;
	return false;
}

/* The numbers of the item's properties, of an ipma box; returns how many, or -1. */
static int properties_of(struct span ipma, uint32_t item, uint16_t numbers[PROPERTIES_MAX])
{
	uint32_t head = take(&ipma, 4), entries = take(&ipma, 4);
	unsigned id_bytes = head >> 24 ? 4 : 2, number_bytes = head & 1 ? 2 : 1;
	for (; entries > 0 && ipma.length > id_bytes; entries--) {
		uint32_t id = take(&ipma, id_bytes), count = take(&ipma, 1);
		if ((size_t)count * number_bytes > ipma.length)
			return -1;
		for (uint32_t at = 0; at < count; at++) {
			uint32_t number = take(&ipma, number_bytes);
			numbers[at] = (uint16_t)(number & (number_bytes == 2 ? 0x7fff : 0x7f));
		}
		if (id == item)
			return (int)count;
	}
	return -1;
}

/* The quarters that one property turns anti-clockwise, or -1 for one that does something else with
 * the place of the pixels. */
static int quarters_of(struct span ipco, uint16_t number)
{
	const char *type = NULL;
	struct span body;
	for (uint16_t at = 1; next_box(&ipco, &type, &body); at++) {
		if (at != number)
			continue;
		if (!memcmp(type, "irot", 4))
			return body.length > 0 ? body.at[0] & 3 : -1;
		return !memcmp(type, "imir", 4) || !memcmp(type, "clap", 4) ? -1 : 0;
	}
	return -1;
}

unsigned heif_turn_of(const uint8_t *bytes, size_t length, uint32_t item)
{
	static const uint8_t orientations[] = {1, 8, 3, 6};
	uint16_t numbers[PROPERTIES_MAX];
	struct span meta, iprp, ipco, ipma;
	if (!find((struct span){bytes, length}, "meta", &meta))
		return 0;
	take(&meta, 4);
	if (!find(meta, "iprp", &iprp) || !find(iprp, "ipco", &ipco) || !find(iprp, "ipma", &ipma))
		return 0;
	int count = properties_of(ipma, item, numbers);
	unsigned turn = 0;
	for (int at = 0; at < count; at++) {
		int quarters = numbers[at] ? quarters_of(ipco, numbers[at]) : 0;
		if (quarters < 0)
			return 0;
		turn += (unsigned)quarters;
	}
	return count < 0 ? 0 : orientations[turn % 4];
}
