/* SPDX-License-Identifier: MIT */
/*
 * Matroska and WebM (RFC 9559): the segment's size, its Info and its Tracks, which stand before
 * the first cluster. As with boxes, the walk goes into some elements and over the others.
 */
#include "src/source/film_window.h"

#include <math.h>
#include <string.h>

enum {
	ID_SEGMENT = 0x18538067,
	ID_INFO = 0x1549a966,
	ID_TIMESTAMP_SCALE = 0x2ad7b1,
	ID_DURATION = 0x4489,
	ID_TRACKS = 0x1654ae6b,
	ID_TRACK = 0xae,
	ID_TRACK_TYPE = 0x83,
	ID_CODEC = 0x86,
	ID_CODEC_PRIVATE = 0x63a2,
	ID_VIDEO = 0xe0,
	ID_WIDTH = 0xb0,
	ID_HEIGHT = 0xba,
	ID_COLOUR = 0x55b0,
	ID_MATRIX = 0x55b1,
	ID_TRANSFER = 0x55ba,
	ID_CLUSTER = 0x1f43b675,
};

struct element {
	uint64_t id, body, size;
	bool endless; /* its size is not known, as a recorder writes it */
};

struct walk {
	struct film_window *window;
	struct film *film;
	uint64_t scale;	 /* nanoseconds of a tick */
	double duration; /* ticks */
	int videos, sounds;
	bool moves, is_video, is_sound, is_hevc, decodable;
	struct film_track track;
	struct film stream; /* the same as its H.265 says it */
};

/* An EBML number (RFC 8794 §4); returns its length, 0 when there is none. */
static unsigned read_number(
	struct film_window *window, uint64_t at, unsigned longest, bool is_id, uint64_t *value)
{
	unsigned first = (unsigned)film_window_big(window, at, 1), width = 1;
	while (width <= longest && !(first & (0x100u >> width)))
		width++;
	if (width > longest || !film_window_get(window, at, width))
		return 0;
	*value = film_window_big(window, at, width);
	if (!is_id)
		*value &= ((uint64_t)1 << 7 * width) - 1;
	return width;
}

static bool read_element(struct film_window *window, uint64_t at, struct element *element)
{
	unsigned id = read_number(window, at, 4, true, &element->id);
	unsigned size = id ? read_number(window, at + id, 8, false, &element->size) : 0;
	element->endless = size && element->size == ((uint64_t)1 << 7 * size) - 1;
	element->body = at + id + size;
	return size > 0 && film_window_step(window);
}

static double read_float(struct film_window *window, const struct element *element)
{
	uint64_t bits = film_window_big(window, element->body, element->size == 4 ? 4 : 8);
	if (element->size == 4) {
		float value;
		uint32_t narrow = (uint32_t)bits;
		memcpy(&value, &narrow, sizeof value);
		return (double)value;
	}
	double value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static void finish_track(struct walk *walk)
{
	if (walk->is_video && walk->is_hevc && walk->track.transfer == 0 &&
		walk->track.matrix == 0) {
		walk->track.transfer = walk->stream.transfer;
		walk->track.matrix = walk->stream.matrix;
	}
	walk->stream = (struct film){.transfer = 0};
	if (walk->is_video)
		film_add_video(walk->film, walk->videos++, &walk->track, &walk->moves);
	if (walk->is_sound)
		film_add_sound(walk->film, walk->sounds++, walk->decodable);
	walk->is_video = walk->is_sound = walk->decodable = false;
	walk->track = (struct film_track){0};
}

/* Sounds that FFmpeg 5.1 decodes, by the beginnings of their names (RFC 9559 §11.3, and its list of
 * codecs). */
static bool is_decodable(struct film_window *window, uint64_t name)
{
	static const char *const known[] = {"A_AAC", "A_AC3", "A_ALAC", "A_ATRAC", "A_DTS",
		"A_EAC3", "A_FLAC", "A_MLP", "A_MPEG/L", "A_MS/ACM", "A_OPUS", "A_PCM",
		"A_QUICKTIME", "A_REAL", "A_TRUEHD", "A_TTA1", "A_VORBIS", "A_WAVPACK4"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (film_window_has(window, name, known[i]))
			return true;
	return false;
}

static void read_value(struct walk *walk, const struct element *element)
{
	struct film_window *window = walk->window;
	uint64_t number = element->size <= 8
				  ? film_window_big(window, element->body, (unsigned)element->size)
				  : 0;
	switch (element->id) {
	case ID_TIMESTAMP_SCALE:
		walk->scale = number;
		break;
	case ID_DURATION:
		walk->duration = read_float(window, element);
		break;
	case ID_TRACK:
		finish_track(walk);
		break;
	case ID_TRACK_TYPE:
		walk->is_video = number == 1;
		walk->is_sound = number == 2;
		break;
	case ID_CODEC:
		walk->track.still = film_window_has(window, element->body, "V_MJPEG");
		walk->is_hevc = film_window_has(window, element->body, "V_MPEGH/ISO/HEVC");
		walk->decodable = is_decodable(window, element->body);
		break;
	case ID_CODEC_PRIVATE:
		film_window_record(window, element->body, element->size, &walk->stream);
		break;
	case ID_WIDTH:
		walk->track.width = (uint32_t)number;
		break;
	case ID_HEIGHT:
		walk->track.height = (uint32_t)number;
		break;
	case ID_MATRIX:
		walk->track.matrix = (unsigned)number;
		break;
	case ID_TRANSFER:
		walk->track.transfer = (unsigned)number;
		break;
	default:
		break;
	}
}

static bool leads_on(uint64_t id)
{
	return id == ID_SEGMENT || id == ID_INFO || id == ID_TRACKS || id == ID_TRACK ||
	       id == ID_VIDEO || id == ID_COLOUR;
}

void film_matroska(struct film_window *window, struct film *film)
{
	struct walk walk = {.window = window, .film = film, .scale = 1000000};
	struct element element;
	uint64_t size = window->file->size;
	for (uint64_t at = 0; read_element(window, at, &element);) {
		if (element.id == ID_CLUSTER)
			break;
		if (element.id == ID_SEGMENT && !element.endless && element.size > size)
			film->cut = true;
		if (element.id == ID_SEGMENT && !element.endless && !film->cut)
			film->cut = element.body > size - element.size;
		read_value(&walk, &element);
		if (!leads_on(element.id) && (element.endless || element.size > size))
			break;
		at = leads_on(element.id) ? element.body : element.body + element.size;
	}
	finish_track(&walk);
	double ms = walk.duration * (double)walk.scale / 1e6;
	if (isfinite(ms) && ms > 0 && ms < 1e15)
		film->duration_ms = (uint64_t)ms;
}
