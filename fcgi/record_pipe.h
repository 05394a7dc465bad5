/* SPDX-License-Identifier: MIT */
#ifndef FCGI_RECORD_PIPE_H
#define FCGI_RECORD_PIPE_H

/*
 * Two pipes of our own, which no converter can open. The hold takes the content of the next record
 * out of the converter's pipe; a record's header may only promise what is in the hold. In the pipe
 * of records, header and content are put together, before they go to the socket in long pieces. One
 * thread.
 */

#include <stdbool.h>
#include <stdint.h>

struct record_pipe {
	int hold;	   /* both ends in one descriptor; -1: closed */
	int pipe;	   /* the records, the same; a short answer needs no such pipe */
	uint32_t held;	   /* bytes in the hold that no header has promised yet */
	uint32_t promised; /* bytes in the hold that a header has promised */
	uint64_t bytes;	   /* in `pipe`, headers included */
};

#define RECORD_PIPE_CLOSED                                                                         \
	{                                                                                          \
		.hold = -1, .pipe = -1                                                             \
	}

/* Opens the hold, and for a long answer the pipe of records. Returns 0 or -errno. Opening again is
 * fine. */
int record_pipe_open(struct record_pipe *record_pipe, bool is_long);
void record_pipe_close(struct record_pipe *record_pipe);

/* Whether all bytes that it took have left it. */
bool record_pipe_is_empty(const struct record_pipe *record_pipe);

/* Takes the content of one record, at most *left bytes, out of the pipe `from` into the hold, which
 * must be empty; counts *left down. Never blocks. Returns 1, -ENODATA when nothing is in the pipe,
 * or another -errno. */
int record_pipe_hold(struct record_pipe *record_pipe, int from, uint64_t *left);

/* Moves up to *left bytes, which should be in the pipe `from`, by way of the hold into the pipe as
 * STDOUT records of request `id`, until that is full or *left is 0. Counts *left down as records
 * begin. Returns 0, or -errno as record_pipe_hold. */
int record_pipe_fill(struct record_pipe *record_pipe, int from, uint16_t id, uint64_t *left);

#endif
