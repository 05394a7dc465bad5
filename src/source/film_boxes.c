/* SPDX-License-Identifier: MIT */
/*
 * ISO base media (ISO/IEC 14496-12) and QuickTime. The boxes are walked through in a line: into
 * those that lead to what is wanted, over all others. So the depth is ours, not the file's.
 */
#include "src/source/film_window.h"

#include <string.h>

struct box {
	char type[5];
	uint64_t body, end;
};

struct walk {
	struct film_window *window;
	struct film *film;
	int videos, sounds;	 /* tracks so far */
	bool moves;		 /* the one that was chosen is no still */
	bool is_video, is_sound; /* the track that is being read */
	bool decodable;
	bool pending; /* it was not counted yet */
	uint64_t samples;
	struct film_track track;
};

/* The box at `at`, which lies before `limit`. `size` 0: up to the limit. */
static bool read_box(struct film_window *window, uint64_t at, uint64_t limit, struct box *box)
{
	const unsigned char *head = at < limit ? film_window_get(window, at, 8) : NULL;
	if (!head || !film_window_step(window))
		return false;
	memcpy(box->type, head + 4, 4);
	box->type[4] = '\0';
	uint64_t size = film_window_big(window, at, 4);
	unsigned header = 8;
	if (size == 1) {
		header = 16;
		size = film_window_big(window, at + 8, 8);
	} else if (size == 0) {
		size = limit - at;
	}
	if (size < header || size > INT64_MAX)
		return false;
	box->body = at + header;
	box->end = at + size;
	return true;
}

static bool is_one_of(const char *type, const char *types)
{
	const char *found = strstr(types, type);
	return strlen(type) == 4 && found && (found - types) % 5 == 0;
}

/* `mvhd` (§8.2.2) of both versions. */
static void read_duration(struct walk *walk, const struct box *box)
{
	struct film_window *window = walk->window;
	bool wide = film_window_big(window, box->body, 1) == 1;
	uint64_t scale = film_window_big(window, box->body + (wide ? 20 : 12), 4);
	uint64_t duration = film_window_big(window, box->body + (wide ? 24 : 16), wide ? 8 : 4);
	uint64_t unknown = wide ? UINT64_MAX : UINT32_MAX;
	if (scale > 0 && duration != unknown && duration < UINT64_MAX / 1000)
		walk->film->duration_ms = duration * 1000 / scale;
}

/* `colr` (§12.1.5, and its older form of QuickTime) among the boxes of a sample entry. */
static void read_colours(struct walk *walk, uint64_t at, uint64_t end)
{
	struct box box;
	struct film stream = {.transfer = 0};
	for (; read_box(walk->window, at, end, &box); at = box.end) {
		if (!strcmp(box.type, "hvcC"))
			film_window_record(walk->window, box.body, box.end - box.body, &stream);
		bool named = film_window_has(walk->window, box.body, "nclx") ||
			     film_window_has(walk->window, box.body, "nclc");
		if (strcmp(box.type, "colr") != 0 || !named)
			continue;
		walk->track.transfer = (unsigned)film_window_big(walk->window, box.body + 6, 2);
		walk->track.matrix = (unsigned)film_window_big(walk->window, box.body + 8, 2);
	}
	/* Some writers leave it to the stream. */
	if (walk->track.transfer == 0 && walk->track.matrix == 0) {
		walk->track.transfer = stream.transfer;
		walk->track.matrix = stream.matrix;
	}
}

static void read_description(struct walk *walk, const struct box *stsd)
{
	struct box entry;
	if (!read_box(walk->window, stsd->body + 8, stsd->end, &entry))
		return;
	walk->track.still = is_one_of(entry.type, "jpeg mjpg mjpa mjpb png  gif  tiff");
	walk->track.width = (uint32_t)film_window_big(walk->window, entry.body + 24, 2);
	walk->track.height = (uint32_t)film_window_big(walk->window, entry.body + 26, 2);
	read_colours(walk, entry.body + 78, entry.end < stsd->end ? entry.end : stsd->end);
}

/* Sounds that FFmpeg 5.1 decodes, by the names of their sample entries. Phones write others beside
 * them, for programs of their own maker. */
static bool is_decodable(const char *type)
{
	return is_one_of(type,
		       "mp4a ac-3 ec-3 alac fLaC Opus dtsc dtse dtsh dtsl sowt twos lpcm ipcm "
		       "fpcm in24 in32 fl32 fl64 raw  NONE ulaw alaw ima4 MAC3 MAC6 agsm samr "
		       "sawb QDM2 QDMC Qclp sqcp .mp3 .mp2 mlpa dvca WMA2 spex") ||
	       !memcmp(type, "ms", 2);
}

/* Where a sample entry has an `esds`, FFmpeg goes by that and not by the entry's name. */
static bool names_codec(struct walk *walk, const struct box *entry)
{
	size_t size = entry->end - entry->body < 256 ? (size_t)(entry->end - entry->body) : 256;
	const unsigned char *bytes = film_window_get(walk->window, entry->body, size);
	for (size_t at = 0; bytes && at + 4 <= size; at++)
		if (!memcmp(bytes + at, "esds", 4))
			return true;
	return false;
}

static void finish_track(struct walk *walk)
{
	if (walk->pending && walk->is_sound)
		film_add_sound(walk->film, walk->sounds++, walk->decodable);
	walk->is_sound = false;
	walk->decodable = false;
	if (walk->pending && walk->is_video) {
		walk->track.still |= walk->samples == 1;
		film_add_video(walk->film, walk->videos++, &walk->track, &walk->moves);
	}
	walk->pending = false;
	walk->is_video = false;
	walk->samples = 0;
	walk->track = (struct film_track){0};
}

static void read_movie(struct walk *walk, const struct box *moov)
{
	struct box box;
	uint64_t end = moov->end < walk->window->file->size ? moov->end : walk->window->file->size;
	for (uint64_t at = moov->body; read_box(walk->window, at, end, &box);) {
		at = is_one_of(box.type, "trak mdia minf stbl") ? box.body : box.end;
		if (!strcmp(box.type, "trak")) {
			finish_track(walk);
			walk->pending = true;
		} else if (!strcmp(box.type, "mvhd")) {
			read_duration(walk, &box);
		} else if (!strcmp(box.type, "mvex")) {
			/* Fragments follow: the length is that of what stands in front of them. */
			walk->film->duration_ms = 0;
		} else if (!strcmp(box.type, "hdlr") && walk->pending && !walk->is_video) {
			/* `hdlr` of the media comes before that of the data (QuickTime). */
			walk->is_video = film_window_has(walk->window, box.body + 8, "vide");
			walk->is_sound = walk->is_sound ||
					 film_window_has(walk->window, box.body + 8, "soun");
		} else if (!strcmp(box.type, "stsd") && walk->is_sound) {
			struct box entry;
			walk->decodable = read_box(walk->window, box.body + 8, box.end, &entry) &&
					  (is_decodable(entry.type) || names_codec(walk, &entry));
		} else if (!strcmp(box.type, "stsd") && walk->is_video) {
			read_description(walk, &box);
		} else if (!strcmp(box.type, "stsz") && walk->is_video) {
			walk->samples = film_window_big(walk->window, box.body + 8, 4);
		}
	}
	finish_track(walk);
}

/* What stands behind the last box of a sound file may be anything; only a box that a writer puts
 * there can be cut. */
static bool can_be_cut(const char *type)
{
	return is_one_of(type, "ftyp moov mdat moof free skip wide udta meta mfra sidx styp uuid");
}

void film_boxes(struct film_window *window, struct film *film)
{
	struct walk walk = {.window = window, .film = film};
	struct box box;
	uint64_t size = window->file->size;
	for (uint64_t at = 0; read_box(window, at, size, &box); at = box.end) {
		if (!strcmp(box.type, "moov"))
			read_movie(&walk, &box);
		if (box.end > size && can_be_cut(box.type))
			film->cut = true;
	}
}
