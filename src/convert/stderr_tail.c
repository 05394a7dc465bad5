/* SPDX-License-Identifier: MIT */
/* A converter may write to stderr without end. So each call reads a bounded amount, and the worker
 * thread gets back to its deadline. */
#include "src/convert/stderr_tail.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

enum { PIECE = 4096, PIECES = STDERR_TAIL_READ_MAX / PIECE };

/* strerror's words for ENOMEM, EFBIG, ENOSPC, EDQUOT and EAGAIN, and those of ImageMagick, C++,
 * Python, x264, libjpeg's programs, shells, ld.so(8) and others. The first letter may be upper or
 * lower case. */
static const struct {
	const char *phrase;
	enum stderr_complaint complaint;
} complaints[] = {
	{"annot allocate memory", COMPLAINT_MEMORY},
	{"emory allocation failed", COMPLAINT_MEMORY},
	{"emory allocation error", COMPLAINT_MEMORY},
	{"cache resources exhausted", COMPLAINT_MEMORY},
	{"ut of memory", COMPLAINT_MEMORY},
	{"bad_alloc", COMPLAINT_MEMORY},
	{"MemoryError", COMPLAINT_MEMORY},
	{"nsufficient memory", COMPLAINT_MEMORY},
	{"File too large", COMPLAINT_FILE},
	{"o space left on device", COMPLAINT_ROOM},
	{"isk quota exceeded", COMPLAINT_ROOM},
	{"out of disk space", COMPLAINT_ROOM},
	{"annot fork", COMPLAINT_FORK},
	{"nable to fork", COMPLAINT_FORK},
	{"ork failed", COMPLAINT_FORK},
	{"fork: ", COMPLAINT_FORK},
	{"fork(): ", COMPLAINT_FORK},
	{"pthread_create", COMPLAINT_FORK},
	{"an't start new thread", COMPLAINT_FORK},
	{"esource temporarily unavailable", COMPLAINT_FORK},
	{"error while loading shared libraries", COMPLAINT_LOADER},
};

void stderr_tail_init(struct stderr_tail *tail, char *const *phrases)
{
	tail->phrases = phrases;
	tail->found = NULL;
	tail->complaints = 0;
	tail->copy = -1;
	tail->copied = 0;
	tail->length = tail->carry_length = 0;
}

static void search(struct stderr_tail *tail, const char *data, size_t size)
{
	for (char *const *phrase = tail->phrases; phrase && *phrase && !tail->found; phrase++)
		if (memmem(data, size, *phrase, strlen(*phrase)))
			tail->found = *phrase;
	for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++)
		if (!(tail->complaints & complaints[i].complaint) &&
			memmem(data, size, complaints[i].phrase, strlen(complaints[i].phrase)))
			tail->complaints |= complaints[i].complaint;
}

static void keep(struct stderr_tail *tail, const char *data, size_t size)
{
	if (size >= STDERR_TAIL_KEPT) {
		memcpy(tail->kept, data + size - STDERR_TAIL_KEPT, STDERR_TAIL_KEPT);
		tail->length = STDERR_TAIL_KEPT;
		return;
	}
	size_t room = STDERR_TAIL_KEPT - tail->length;
	if (size > room) {
		memmove(tail->kept, tail->kept + (size - room), tail->length - (size - room));
		tail->length -= size - room;
	}
	memcpy(tail->kept + tail->length, data, size);
	tail->length += size;
}

void stderr_tail_add(struct stderr_tail *tail, const char *data, size_t size)
{
	while (size > 0) {
		char window[STDERR_TAIL_PHRASE_MAX + PIECE];
		size_t n = size < PIECE ? size : PIECE;
		memcpy(window, tail->carry, tail->carry_length);
		memcpy(window + tail->carry_length, data, n);
		size_t length = tail->carry_length + n;
		search(tail, window, length);
		keep(tail, data, n);
		tail->carry_length = length < sizeof tail->carry ? length : sizeof tail->carry;
		memcpy(tail->carry, window + length - tail->carry_length, tail->carry_length);
		data += n;
		size -= n;
	}
}

static void put_copy(struct stderr_tail *tail, const char *data, size_t size)
{
	tail->copied += size;
	if (tail->copy >= 0 && tail->copied <= STDERR_TAIL_COPY_MAX)
		fd_write_all(tail->copy, data, size);
}

bool stderr_tail_read(struct stderr_tail *tail, int fd)
{
	for (int i = 0; i < PIECES; i++) {
		char piece[PIECE];
		ssize_t n = read(fd, piece, sizeof piece);
		if (n == 0)
			return false;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		stderr_tail_add(tail, piece, (size_t)n);
		put_copy(tail, piece, (size_t)n);
	}
	return true;
}
