/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_STDERR_TAIL_H
#define SRC_CONVERT_STDERR_TAIL_H

/*
 * What a converter wrote to its standard error: read to the end always, so that it never blocks on
 * it; the last 4 KiB are kept for the log, and all of it is searched for given phrases. One thread.
 */

#include <stdbool.h>
#include <stddef.h>

enum { STDERR_TAIL_KEPT = 4096, STDERR_TAIL_PHRASE_MAX = 128, STDERR_TAIL_READ_MAX = 65536 };

struct stderr_tail {
	char *const
		*phrases; /* NULL-terminated, borrowed; each at most STDERR_TAIL_PHRASE_MAX bytes */
	const char *found; /* the first of them that came, NULL: none */
	bool memory;	   /* it spoke of memory that it did not get */
	bool file;     /* of a file that may not grow: process 1 of a namespace gets no SIGXFSZ */
	size_t length; /* of kept */
	char kept[STDERR_TAIL_KEPT];
	size_t carry_length;
	char carry[STDERR_TAIL_PHRASE_MAX]; /* the end of the previous piece: a phrase may be split
					     */
};

void stderr_tail_init(struct stderr_tail *tail, char *const *phrases);
void stderr_tail_add(struct stderr_tail *tail, const char *data, size_t size);

/* Reads what is there from a non-blocking descriptor, at most STDERR_TAIL_READ_MAX bytes. False at
 * the end of file.
 */
bool stderr_tail_read(struct stderr_tail *tail, int fd);

#endif
