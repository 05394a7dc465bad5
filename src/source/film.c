/* SPDX-License-Identifier: MIT */
/*
 * A converter is content with half a film as long as the part that is wanted is in it, and a look
 * with the converter itself at the end of the film takes longer than the frame that was asked for.
 * The sizes in the headers tell the same in a few reads.
 */
#include "src/source/film_window.h"

void film_look(const struct film_file *file, enum media_type type, struct film *film)
{
	struct film_window window;
	film_window_init(&window, file);
	*film = (struct film){.video = -1};
	switch (type) {
	case MEDIA_MP4:
	case MEDIA_MOV:
		film_boxes(&window, film);
		break;
	case MEDIA_WEBM:
	case MEDIA_MKV:
		film_matroska(&window, film);
		break;
	case MEDIA_MPEGTS:
		film_mpegts(&window, film);
		break;
	case MEDIA_AVI:
	case MEDIA_WAV:
	case MEDIA_AIFF:
		film_chunks(&window, film);
		break;
	case MEDIA_FLAC:
		film_flac(&window, film);
		break;
	case MEDIA_OGG:
	case MEDIA_OPUS:
		film_ogg(&window, film);
		break;
	default:
		break;
	}
}
