/* SPDX-License-Identifier: MIT */
/* Films say in different places what their colours mean, and many do not say it. Players then go by
 * the height of the picture, and so does this file. A decoder that finds another value in the
 * stream uses that one.
 */
#include "src/plan/facts.h"

#include <inttypes.h>
#include <stdio.h>

/* From this height on, browsers assume BT.709 for a film that does not say its colours. */
enum { HIGH_DEFINITION = 720 };

/* ISO/IEC 23091-2, table 4, with FFmpeg's names. */
static const char *const matrices[] = {
	[1] = "bt709",
	[4] = "fcc",
	[5] = "bt470bg",
	[6] = "smpte170m",
	[7] = "smpte240m",
	[9] = "bt2020nc",
	[10] = "bt2020c",
};

static const char *matrix(const struct film *film)
{
	if (film->matrix < sizeof matrices / sizeof *matrices && matrices[film->matrix])
		return matrices[film->matrix];
	if (film->height == 0)
		return NULL;
	return matrices[film->height >= HIGH_DEFINITION ? 1 : 6];
}

static void picture_facts(
	const struct source *source, struct facts *facts, const char *texts[TEMPLATE_FACTS])
{
	const struct picture *picture = &source->picture;
	if (source->sniff.width > 0 && source->sniff.height > 0) {
		snprintf(facts->width, sizeof facts->width, "%" PRIu64, source->sniff.width);
		snprintf(facts->height, sizeof facts->height, "%" PRIu64, source->sniff.height);
		texts[TEMPLATE_WIDTH] = facts->width;
		texts[TEMPLATE_HEIGHT] = facts->height;
	}
	if (!source->looked || picture->frames == 0)
		return;
	snprintf(facts->orientation, sizeof facts->orientation, "%u", picture->orientation & 15);
	snprintf(facts->frames, sizeof facts->frames, "%" PRIu32, picture->frames);
	texts[TEMPLATE_ORIENTATION] = facts->orientation;
	texts[TEMPLATE_ORIENTATION_NAME] = picture_orientation_name(picture->orientation);
	texts[TEMPLATE_FRAMES] = facts->frames;
	texts[TEMPLATE_ALPHA] = picture->alpha ? "1" : NULL;
	texts[TEMPLATE_PROFILE] = picture->profile ? "1" : NULL;
	texts[TEMPLATE_INVERTED] = picture->inverted ? "1" : NULL;
	texts[TEMPLATE_CANVAS] = picture->canvas ? "1" : NULL;
}

void facts_make(const struct source *source, struct facts *facts, const char *texts[TEMPLATE_FACTS])
{
	const struct film *film = &source->film;
	for (int i = 0; i < TEMPLATE_FACTS; i++)
		texts[i] = NULL;
	if (film->duration_ms > 0) {
		snprintf(facts->duration, sizeof facts->duration, "%" PRIu64 ".%03u",
			film->duration_ms / 1000, (unsigned)(film->duration_ms % 1000));
		texts[TEMPLATE_DURATION] = facts->duration;
	}
	if (film->video >= 0) {
		snprintf(facts->video, sizeof facts->video, "v:%d", film->video);
		texts[TEMPLATE_VIDEO] = facts->video;
	}
	if (film->sound >= 0) {
		snprintf(facts->sound, sizeof facts->sound, "a:%d", film->sound);
		texts[TEMPLATE_SOUND] = facts->sound;
	}
	texts[TEMPLATE_MATRIX] = matrix(film);
	texts[TEMPLATE_TRANSFER] = film->transfer == FILM_TRANSFER_PQ	 ? "smpte2084"
				   : film->transfer == FILM_TRANSFER_HLG ? "arib-std-b67"
									 : NULL;
	picture_facts(source, facts, texts);
}
