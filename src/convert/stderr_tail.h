/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_STDERR_TAIL_H
#define SRC_CONVERT_STDERR_TAIL_H

/*
 * The stderr tail: what a converter has written to its standard error. All of it is read, so that
 * the converter never blocks, and searched for phrases. The last 4 KiB are kept for the log. One
 * thread.
 */

#include <stdbool.h>
#include <stddef.h>

enum { STDERR_TAIL_KEPT = 4096, STDERR_TAIL_PHRASE_MAX = 128, STDERR_TAIL_READ_MAX = 65536 };
enum { STDERR_TAIL_COPY_MAX = 16 << 20 };

/* What messages of converters and of the C library speak of. */
enum stderr_complaint {
	COMPLAINT_MEMORY = 1, /* a failed allocation */
	COMPLAINT_FILE = 2, /* a file that may not grow: process 1 of a namespace gets no SIGXFSZ */
	COMPLAINT_ROOM = 4, /* a full file system */
	COMPLAINT_FORK = 8, /* no process or thread could be made */
	COMPLAINT_LOADER = 16 /* the program or a library could not be mapped */
};

struct stderr_tail {
	/* NULL-terminated, borrowed; each at most STDERR_TAIL_PHRASE_MAX bytes. */
	char *const *phrases;
	const char *found;   /* the first phrase that came; NULL: none */
	unsigned complaints; /* of enum stderr_complaint */
	/* The first STDERR_TAIL_COPY_MAX bytes are written here, too, borrowed; -1: nowhere. */
	int copy;
	size_t copied;
	size_t length; /* of kept */
	char kept[STDERR_TAIL_KEPT];
	/* The end of the previous piece: a phrase may be split. */
	size_t carry_length;
	char carry[STDERR_TAIL_PHRASE_MAX];
};

void stderr_tail_init(struct stderr_tail *tail, char *const *phrases);
void stderr_tail_add(struct stderr_tail *tail, const char *data, size_t size);

/* Reads at most STDERR_TAIL_READ_MAX bytes from a non-blocking descriptor. Returns false at the end
 * of the file. */
bool stderr_tail_read(struct stderr_tail *tail, int fd);

#endif
