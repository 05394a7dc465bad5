/* SPDX-License-Identifier: MIT */
#ifndef FCGI_STAGE_H
#define FCGI_STAGE_H

/*
 * A pipe of our own in which records are put together, header and spliced content, before they go to the socket in long
 * pieces. One thread.
 */

#include <stdbool.h>
#include <stdint.h>

struct stage {
	int reader, writer; /* -1: closed */
	uint64_t bytes;	    /* that stand in it */
	uint32_t promised;  /* of the last record's content, not in it yet */
};

#define STAGE_CLOSED                                                                               \
	{                                                                                          \
		.reader = -1, .writer = -1                                                         \
	}

/* Returns 0 or -errno. Opening an open one is fine. */
int stage_open(struct stage *stage);
void stage_close(struct stage *stage);

/* Moves up to *left bytes, which must be in the pipe `from`, into the stage as STDOUT records of request `id`, until it is
 * full or *left is 0; counts *left down as records begin. Returns 0 or -errno. */
int stage_fill(struct stage *stage, int from, uint16_t id, uint64_t *left);

#endif
