/* SPDX-License-Identifier: MIT */
/*
 * A transport stream (ISO/IEC 13818-1) has no header that names the colours of a film; its video
 * does. The first piece of the first video stream is put together from its packets, and the
 * sequence parameter set of H.265 looked for in it. Of other codecs there is no HDR in use.
 */
#include "src/source/film_hevc.h"
#include "src/source/film_window.h"

#include <string.h>

enum {
	PACKET_BYTES = 188,
	PIECE_BYTES = 4096, /* parameter sets stand in front of the first picture */
	PIECES_MAX = 8,	    /* a recording may begin between two of them */
};

struct piece {
	unsigned char bytes[PIECE_BYTES];
	size_t size;
};

static const unsigned char *next_set(const unsigned char *data, const unsigned char *end)
{
	static const unsigned char head[] = {0, 0, 1, 0x42, 1};
	for (; end - data > (ptrdiff_t)sizeof head; data++)
		if (!memcmp(data, head, sizeof head))
			return data + 3;
	return NULL;
}

/* Looks for the set; false: there is none in this piece. */
static bool read_piece(const struct piece *piece, struct film *film)
{
	const unsigned char *end = piece->bytes + piece->size;
	const unsigned char *set = next_set(piece->bytes, end);
	if (!set)
		return false;
	film_hevc(set, (size_t)(end - set), film);
	return true;
}

void film_mpegts(struct film_window *window, struct film *film)
{
	struct piece piece = {.size = 0};
	uint64_t video = UINT64_MAX;
	int pieces = 0;
	for (uint64_t at = 0; film_window_step(window); at += PACKET_BYTES) {
		const unsigned char *packet = film_window_get(window, at, PACKET_BYTES);
		if (!packet || packet[0] != 0x47)
			break;
		bool begins = packet[1] & 0x40, has_fields = packet[3] & 0x20;
		uint64_t id = (packet[1] & 0x1fu) << 8 | packet[2];
		size_t head = 4 + (has_fields ? 1u + packet[4] : 0);
		if (!(packet[3] & 0x10) || head + 4 > PACKET_BYTES)
			continue;
		const unsigned char *body = packet + head;
		if (video == UINT64_MAX && begins && !memcmp(body, "\0\0\1", 3) &&
			(body[3] & 0xf0) == 0xe0)
			video = id;
		if (id != video)
			continue;
		if (begins && piece.size > 0) {
			if (read_piece(&piece, film) || ++pieces == PIECES_MAX)
				return;
			piece.size = 0;
		}
		size_t size = PACKET_BYTES - head, room = PIECE_BYTES - piece.size;
		memcpy(piece.bytes + piece.size, body, size < room ? size : room);
		piece.size += size < room ? size : room;
	}
	read_piece(&piece, film);
}
