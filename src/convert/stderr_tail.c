/* SPDX-License-Identifier: MIT */
/* A converter may write to stderr without end: each call reads a bounded amount, so that it cannot
 * keep its worker from looking at the clock. */
#include "src/convert/stderr_tail.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 4096, PIECES = STDERR_TAIL_READ_MAX / PIECE };

/* How converters say that an allocation failed: strerror(ENOMEM), ImageMagick, C++, Python, x264
 * and others. */
static const char *const memory_phrases[] = {
	"Cannot allocate memory",
	"emory allocation failed",
	"emory allocation error",
	"cache resources exhausted",
	"ut of memory",
	"bad_alloc",
	"MemoryError",
	"nsufficient memory",
};

void stderr_tail_init(struct stderr_tail *words, char *const *phrases)
{
	words->phrases = phrases;
	words->found = NULL;
	words->memory = words->file = false;
	words->length = words->carry_length = 0;
}

static void search(struct stderr_tail *words, const char *data, size_t size)
{
	for (char *const *phrase = words->phrases; phrase && *phrase && !words->found; phrase++)
		if (memmem(data, size, *phrase, strlen(*phrase)))
			words->found = *phrase;
	for (size_t i = 0; i < sizeof memory_phrases / sizeof *memory_phrases && !words->memory;
		i++)
		words->memory = memmem(data, size, memory_phrases[i], strlen(memory_phrases[i]));
	static const char file_phrase[] = "File too large"; /* strerror(EFBIG) */
	if (!words->file)
		words->file = memmem(data, size, file_phrase, sizeof file_phrase - 1);
}

static void keep(struct stderr_tail *words, const char *data, size_t size)
{
	if (size >= STDERR_TAIL_KEPT) {
		memcpy(words->kept, data + size - STDERR_TAIL_KEPT, STDERR_TAIL_KEPT);
		words->length = STDERR_TAIL_KEPT;
		return;
	}
	size_t room = STDERR_TAIL_KEPT - words->length;
	if (size > room) {
		memmove(words->kept, words->kept + (size - room), words->length - (size - room));
		words->length -= size - room;
	}
	memcpy(words->kept + words->length, data, size);
	words->length += size;
}

void stderr_tail_add(struct stderr_tail *words, const char *data, size_t size)
{
	while (size > 0) {
		char window[STDERR_TAIL_PHRASE_MAX + PIECE];
		size_t n = size < PIECE ? size : PIECE;
		memcpy(window, words->carry, words->carry_length);
		memcpy(window + words->carry_length, data, n);
		size_t length = words->carry_length + n;
		search(words, window, length);
		keep(words, data, n);
		words->carry_length = length < sizeof words->carry ? length : sizeof words->carry;
		memcpy(words->carry, window + length - words->carry_length, words->carry_length);
		data += n;
		size -= n;
	}
}

bool stderr_tail_read(struct stderr_tail *words, int fd)
{
	for (int i = 0; i < PIECES; i++) {
		char piece[PIECE];
		ssize_t n = read(fd, piece, sizeof piece);
		if (n == 0)
			return false;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		stderr_tail_add(words, piece, (size_t)n);
	}
	return true;
}
