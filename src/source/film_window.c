/* SPDX-License-Identifier: MIT */
/* Headers are small and stand together: one read serves many of them. A file that sends the look
 * from one end to the other again and again is left after FILM_READS_MAX reads. */
#include "src/source/film_window.h"

#include "src/source/film_hevc.h"

#include <string.h>

void film_window_init(struct film_window *window, const struct film_file *file)
{
	window->file = file;
	window->at = 0;
	window->have = 0;
	window->reads = 0;
	window->steps = 0;
}

const unsigned char *film_window_get(struct film_window *window, uint64_t offset, size_t size)
{
	if (size > FILM_WINDOW_BYTES || offset > window->file->size ||
		size > window->file->size - offset)
		return NULL;
	bool inside = offset >= window->at && offset - window->at <= window->have &&
		      size <= window->have - (size_t)(offset - window->at);
	if (!inside) {
		if (window->reads == FILM_READS_MAX)
			return NULL;
		window->reads++;
		window->at = offset;
		window->have =
			window->file->read(window->file, window->buffer, FILM_WINDOW_BYTES, offset);
		if (window->have < size)
			return NULL;
	}
	return window->buffer + (offset - window->at);
}

uint64_t film_window_big(struct film_window *window, uint64_t offset, unsigned width)
{
	const unsigned char *bytes = film_window_get(window, offset, width);
	uint64_t value = 0;
	for (unsigned i = 0; bytes && i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

uint64_t film_window_little(struct film_window *window, uint64_t offset, unsigned width)
{
	const unsigned char *bytes = film_window_get(window, offset, width);
	uint64_t value = 0;
	for (unsigned i = width; bytes && i-- > 0;)
		value = value << 8 | bytes[i];
	return value;
}

bool film_window_has(struct film_window *window, uint64_t offset, const char *letters)
{
	size_t size = strlen(letters);
	const unsigned char *bytes = film_window_get(window, offset, size);
	return bytes && !memcmp(bytes, letters, size);
}

void film_window_record(
	struct film_window *window, uint64_t offset, uint64_t size, struct film *film)
{
	size_t some = size < FILM_WINDOW_BYTES ? (size_t)size : FILM_WINDOW_BYTES;
	const unsigned char *data = film_window_get(window, offset, some);
	if (data)
		film_hevc_record(data, some, film);
}

bool film_window_step(struct film_window *window)
{
	return ++window->steps <= FILM_STEPS_MAX;
}

void film_add_sound(struct film *film, int index, bool decodable)
{
	if (index == 0)
		film->sound = decodable ? 0 : -1;
	else if (film->sound < 0 && decodable)
		film->sound = index;
}

void film_add_video(struct film *film, int index, const struct film_track *track, bool *moves)
{
	if (film->video >= 0 && (*moves || track->still))
		return;
	*moves = !track->still;
	film->video = index;
	film->width = track->width;
	film->height = track->height;
	film->matrix = track->matrix;
	film->transfer = track->transfer;
}
