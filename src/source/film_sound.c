/* SPDX-License-Identifier: MIT */
/*
 * Files of chunks (AVI, WAV, AIFF), and streams of frames and pages (FLAC, Ogg), whose end is
 * looked at because nothing in front tells how many bytes there are.
 */
#include "src/source/film_window.h"

#include <string.h>

enum {
	/* Programs that cannot go back to write the size leave one of these: 0, -1, or about 2 GiB.
	 */
	ENDLESS_FROM = 0x7ff00000,
	TAIL_BYTES = 4000,    /* a piece of the end, in one window with what begins in it */
	TAIL_PIECES = 20,     /* an Ogg page has up to 65,307 bytes, FLAC frames have less */
	FLAC_HEADER_MAX = 16, /* bytes of a frame's header */
	RIFF_ROUND = 1,	      /* chunks of an odd size have a byte behind them, or should have */
};

static bool ends_behind(const struct film_window *window, uint64_t body, uint64_t size)
{
	return size > 0 && size < ENDLESS_FROM && body + size > window->file->size + RIFF_ROUND;
}

static void read_avi(struct film_window *window, uint64_t riff, struct film *film)
{
	film->cut = ends_behind(window, 8, riff);
	if (!film_window_has(window, 12, "LIST") || !film_window_has(window, 20, "hdrlavih"))
		return;
	film->width = (uint32_t)film_window_little(window, 64, 4);
	film->height = (uint32_t)film_window_little(window, 68, 4);
	/* A file of several RIFFs (OpenDML) counts the frames of its first one here. */
	if (8 + riff + RIFF_ROUND >= window->file->size)
		film->duration_ms = film_window_little(window, 32, 4) *
				    film_window_little(window, 48, 4) / 1000;
}

static void read_sound(struct film_window *window, bool is_little, struct film *film)
{
	uint64_t (*number)(struct film_window *, uint64_t, unsigned) =
		is_little ? film_window_little : film_window_big;
	uint64_t rate = 0; /* bytes of a second */
	for (uint64_t at = 12; film_window_get(window, at, 8) && film_window_step(window);) {
		uint64_t size = number(window, at + 4, 4), body = at + 8;
		if (is_little && film_window_has(window, at, "fmt "))
			rate = film_window_little(window, body + 8, 4);
		if (film_window_has(window, at, is_little ? "data" : "SSND")) {
			film->cut = ends_behind(window, body, size);
			if (rate > 0 && size > 0 && size < ENDLESS_FROM)
				film->duration_ms = size * 1000 / rate;
			return;
		}
		at = body + size + (size & 1);
	}
}

void film_chunks(struct film_window *window, struct film *film)
{
	if (film_window_has(window, 0, "RIFF") && film_window_has(window, 8, "AVI "))
		read_avi(window, film_window_little(window, 4, 4), film);
	else if (film_window_has(window, 0, "RIFF"))
		read_sound(window, true, film);
	else if (film_window_has(window, 0, "FORM"))
		read_sound(window, false, film);
}

/* Where the last thing begins that `is` accepts, searched from the end on; UINT64_MAX: nowhere. */
static uint64_t find_last(struct film_window *window, size_t least,
	bool (*is)(const unsigned char *bytes, const void *data), const void *data)
{
	uint64_t end = window->file->size;
	for (int piece = 0; piece < TAIL_PIECES && end > 0; piece++) {
		uint64_t begin = end > TAIL_BYTES ? end - TAIL_BYTES : 0;
		uint64_t stop = end + least < window->file->size ? end + least : window->file->size;
		const unsigned char *bytes = film_window_get(window, begin, (size_t)(stop - begin));
		if (!bytes)
			break;
		for (uint64_t at = end; at-- > begin;)
			if (stop - at >= least && is(bytes + (at - begin), data))
				return at;
		end = begin;
	}
	return UINT64_MAX;
}

static bool is_page(const unsigned char *bytes, const void *data)
{
	(void)data;
	return !memcmp(bytes, "OggS\0", 5);
}

/* A page (RFC 3533 §6) lists the sizes of its segments. What ends with a whole page may still lack
 * others: recordings have no last page that says so. */
void film_ogg(struct film_window *window, struct film *film)
{
	uint64_t page = find_last(window, 5, is_page, NULL), size = window->file->size;
	if (page == UINT64_MAX)
		return;
	unsigned segments = (unsigned)film_window_big(window, page + 26, 1);
	const unsigned char *table = film_window_get(window, page + 27, segments);
	uint64_t end = page + 27 + segments;
	for (unsigned i = 0; table && i < segments; i++)
		end += table[i];
	film->cut = size - page < 27 || !table || end > size;
}

/* ---- FLAC (RFC 9639) ---- */

struct flac {
	unsigned block; /* samples of a frame, where all have as many */
	uint64_t samples;
};

static uint8_t crc8(const unsigned char *bytes, size_t size)
{
	uint8_t crc = 0;
	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint8_t)(crc << 1 ^ (crc & 0x80 ? 0x07 : 0));
	}
	return crc;
}

/* The number of a frame or sample, in the manner of UTF-8, of up to 7 bytes; its length or 0. */
static size_t read_coded(const unsigned char *bytes, uint64_t *value)
{
	size_t width = 0;
	while (width < 8 && bytes[0] & 0x80 >> width)
		width++;
	if (width == 1 || width == 8)
		return 0;
	*value = bytes[0] & (width ? 0x3f >> (width - 1) : 0x7f);
	for (size_t i = 1; i < width; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*value = *value << 6 | (bytes[i] & 0x3f);
	}
	return width ? width : 1;
}

/* A frame's header in FLAC_HEADER_MAX bytes (§9.1): its checksum must be right. */
static bool read_frame(const unsigned char *bytes, const struct flac *flac, uint64_t *end)
{
	unsigned size_code = bytes[2] >> 4, rate_code = bytes[2] & 15;
	if (bytes[0] != 0xff || (bytes[1] & 0xfe) != 0xf8 || size_code == 0 || rate_code == 15 ||
		bytes[3] >> 4 > 10 || bytes[3] & 1)
		return false;
	uint64_t number = 0;
	size_t at = read_coded(bytes + 4, &number);
	if (at == 0)
		return false;
	at += 4;
	unsigned block = size_code == 1	 ? 192
			 : size_code < 6 ? 576u << (size_code - 2)
					 : 256u << (size_code >= 8 ? size_code - 8 : 0);
	if (size_code == 6)
		block = bytes[at] + 1u;
	else if (size_code == 7)
		block = (bytes[at] << 8 | bytes[at + 1]) + 1u;
	at += size_code == 6 ? 1 : size_code == 7 ? 2 : 0;
	at += rate_code == 12 ? 1 : rate_code > 12 ? 2 : 0;
	if (at >= FLAC_HEADER_MAX || crc8(bytes, at) != bytes[at])
		return false;
	*end = (bytes[1] & 1 ? number : number * flac->block) + block;
	return true;
}

static bool is_frame(const unsigned char *bytes, const void *data)
{
	uint64_t end;
	return read_frame(bytes, data, &end);
}

/* The frame ends where the checksum of all of it comes to 0, and then the file does, or a tag
 * begins. */
static bool is_whole_frame(struct film_window *window, uint64_t frame)
{
	uint16_t crc = 0;
	for (uint64_t at = frame; at < window->file->size; at++) {
		const unsigned char *byte = film_window_get(window, at, 1);
		if (!byte)
			return true; /* too long to be looked at */
		if (crc == 0 && at > frame && (*byte == 0 || memchr("TAI", *byte, 3)))
			return true;
		crc ^= (uint16_t)(*byte << 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? 0x8005 : 0));
	}
	return crc == 0;
}

void film_flac(struct film_window *window, struct film *film)
{
	if (!film_window_has(window, 0, "fLaC") || film_window_big(window, 4, 1) % 0x80 != 0)
		return;
	struct flac flac = {
		.block = (unsigned)film_window_big(window, 8, 2),
		.samples = film_window_big(window, 18, 8) & 0xfffffffff,
	};
	uint64_t rate = film_window_big(window, 18, 3) >> 4, end = 0;
	if (rate == 0 || flac.samples == 0)
		return;
	film->duration_ms = flac.samples * 1000 / rate;
	uint64_t frame = find_last(window, FLAC_HEADER_MAX, is_frame, &flac);
	const unsigned char *head =
		frame < UINT64_MAX ? film_window_get(window, frame, FLAC_HEADER_MAX) : NULL;
	if (!head || !read_frame(head, &flac, &end))
		return;
	film->cut = end < flac.samples || !is_whole_frame(window, frame);
}
