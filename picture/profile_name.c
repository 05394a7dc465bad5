/* SPDX-License-Identifier: MIT */
/*
 * The description of a profile has two forms: ASCII (version 2) and a list of translations in
 * UTF-16 (version 4), of which English is taken, or the first.
 */
#include "picture/profile.h"

enum { DESC_HEAD = 12, MLUC_HEAD = 16, MLUC_RECORD = 12, RECORDS_MAX = 200 };

struct text {
	char *bytes;
	size_t length, room;
	bool full;
};

static uint32_t number(const uint8_t *bytes, unsigned count)
{
	uint32_t value = 0;
	for (unsigned at = 0; at < count; at++)
		value = value << 8 | bytes[at];
	return value;
}

/* Adds a code point as UTF-8, whole or not at all. */
static void add(struct text *text, uint32_t point)
{
	uint8_t bytes[4];
	size_t count = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	for (size_t at = count; at-- > 1; point >>= 6)
		bytes[at] = (uint8_t)(0x80 | (point & 0x3f));
	static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};
	bytes[0] = (uint8_t)(first[count - 1] | point);
	text->full = text->full || text->length + count >= text->room;
	if (text->full)
		return;
	for (size_t at = 0; at < count; at++)
		text->bytes[text->length++] = (char)bytes[at];
}

/* Bytes above ASCII are not allowed, and are Latin 1 where they are there all the same. */
static void from_ascii(struct text *text, const uint8_t *bytes, size_t length)
{
	for (size_t at = 0; at < length && bytes[at] && !text->full; at++)
		add(text, bytes[at]);
}

static void from_utf16(struct text *text, const uint8_t *bytes, size_t length)
{
	for (size_t at = 0; at + 2 <= length && !text->full; at += 2) {
		uint32_t unit = number(bytes + at, 2);
		if (!unit)
			break;
		if (unit >= 0xd800 && unit < 0xdc00 && at + 4 <= length) {
			uint32_t low = number(bytes + at + 2, 2);
			if (low >= 0xdc00 && low < 0xe000) {
				add(text, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
				at += 2;
				continue;
			}
		}
		add(text, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
	}
}

static void from_translations(struct text *text, const uint8_t *bytes, size_t length)
{
	if (length < MLUC_HEAD + MLUC_RECORD || number(bytes + 12, 4) != MLUC_RECORD)
		return;
	uint32_t records = number(bytes + 8, 4), chosen = 0;
	if (records > (length - MLUC_HEAD) / MLUC_RECORD || records > RECORDS_MAX)
		return;
	for (uint32_t at = records; at-- > 0;)
		if (number(bytes + MLUC_HEAD + (size_t)at * MLUC_RECORD, 2) == ('e' << 8 | 'n'))
			chosen = at;
	const uint8_t *record = bytes + MLUC_HEAD + (size_t)chosen * MLUC_RECORD;
	uint32_t size = number(record + 4, 4), offset = number(record + 8, 4);
	if (records && offset <= length && size <= length - offset)
		from_utf16(text, bytes + offset, size);
}

void profile_name(const struct profile *profile, char *name, size_t room)
{
	struct text text = {.bytes = name, .room = room};
	const uint8_t *bytes;
	size_t length;
	if (profile_tag(profile, PROFILE_SIGNATURE('d', 'e', 's', 'c'), &bytes, &length)) {
		uint32_t type = number(bytes, 4);
		uint32_t said = number(bytes + 8, 4);
		if (type == PROFILE_SIGNATURE('m', 'l', 'u', 'c'))
			from_translations(&text, bytes, length);
		else if (type == PROFILE_SIGNATURE('d', 'e', 's', 'c'))
			from_ascii(&text, bytes + DESC_HEAD,
				said < length - DESC_HEAD ? said : length - DESC_HEAD);
	}
	name[text.length] = '\0';
}
