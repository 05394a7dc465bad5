/* SPDX-License-Identifier: MIT */
#ifndef SRC_LASTWORDS_H
#define SRC_LASTWORDS_H

/*
 * What a converter wrote to its standard error: read to the end always, so that it never blocks on
 * it; the last 4 KiB are kept for the log, and all of it is searched for given phrases. One thread.
 */

#include <stdbool.h>
#include <stddef.h>

enum { LASTWORDS_KEPT = 4096, LASTWORDS_PHRASE_MAX = 128, LASTWORDS_READ_MAX = 65536 };

struct lastwords {
	char *const
		*phrases;  /* NULL-terminated, borrowed; each at most LASTWORDS_PHRASE_MAX bytes */
	const char *found; /* the first of them that came, NULL: none */
	bool memory;	   /* it spoke of memory that it did not get */
	bool file;	   /* of a file that may not grow: process 1 of a namespace gets no SIGXFSZ */
	size_t length;	   /* of kept */
	char kept[LASTWORDS_KEPT];
	size_t carry_length;
	char carry[LASTWORDS_PHRASE_MAX]; /* the end of the previous piece: a phrase may be split */
};

void lastwords_init(struct lastwords *words, char *const *phrases);
void lastwords_add(struct lastwords *words, const char *data, size_t size);

/* Reads what is there from a non-blocking descriptor, at most LASTWORDS_READ_MAX bytes. False at the end of file.
 */
bool lastwords_read(struct lastwords *words, int fd);

#endif
