/* SPDX-License-Identifier: MIT */
/* Splicing a long answer record by record straight from the converter's pipe holds the lock of that
 * pipe while the socket takes bytes, and wakes the web server twice for each record. Most of the
 * processor time went there. Moving pages from pipe to pipe is cheap, so records are put together
 * here first and then leave together.
 *
 * A program can open its own standard output for reading and take bytes back at any moment, also
 * between our FIONREAD and our splice. A header that has promised them could not keep its promise.
 * So the bytes are taken first, and a header promises what has been taken. */
#include "fcgi/record_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "fcgi/record.h"

enum {
	PIPE_BYTES = 1 << 20,
	HOLD_BYTES = 128 * 1024, /* a record's pages, however they are aligned */
};

/* Both ends as one descriptor (fifo(7)): a descriptor saved is one more for connections. */
static int open_pipe(int *out, int bytes)
{
	int fds[2];
	if (*out >= 0)
		return 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	int both = fd_reopen(fds[0], O_RDWR | O_NONBLOCK);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	if (both < 0)
		return both;
	if (bytes > 0)
		fcntl(both, F_SETPIPE_SZ, bytes); /* if refused, the pieces are shorter */
	*out = both;
	return 0;
}

int record_pipe_open(struct record_pipe *record_pipe, bool is_long)
{
	int r = open_pipe(&record_pipe->hold, is_long ? HOLD_BYTES : 0);
	return r == 0 && is_long ? open_pipe(&record_pipe->pipe, PIPE_BYTES) : r;
}

void record_pipe_close(struct record_pipe *record_pipe)
{
	fd_close(&record_pipe->hold);
	fd_close(&record_pipe->pipe);
	record_pipe->held = record_pipe->promised = 0;
	record_pipe->bytes = 0;
}

bool record_pipe_is_empty(const struct record_pipe *record_pipe)
{
	return record_pipe->held == 0 && record_pipe->promised == 0 && record_pipe->bytes == 0;
}

int record_pipe_hold(struct record_pipe *record_pipe, int from, uint64_t *left)
{
	size_t wanted = *left < FCGI_RECORD_MAX ? (size_t)*left : FCGI_RECORD_MAX;
	ssize_t n = splice(
		from, NULL, record_pipe->hold, NULL, wanted, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0 && errno != EAGAIN)
		return -errno;
	if (n <= 0) /* nothing came: the hold is empty, so there was room */
		return -ENODATA;
	record_pipe->held = (uint32_t)n;
	*left -= (uint64_t)n;
	return 1;
}

/* Returns 1, 0 when there is no room, or -errno. */
static int lay_header(struct record_pipe *record_pipe, uint16_t id)
{
	uint8_t wire[FCGI_HEADER_LEN];
	struct fcgi_header header = {.version = FCGI_VERSION_1,
		.type = FCGI_STDOUT,
		.id = id,
		.content_length = (uint16_t)record_pipe->held};
	fcgi_header_encode(&header, wire);
	/* So few bytes are written as a whole or not at all (PIPE_BUF, pipe(7)). */
	if (write(record_pipe->pipe, wire, sizeof wire) < 0)
		return errno == EAGAIN ? 0 : -errno;
	record_pipe->bytes += sizeof wire;
	record_pipe->promised = record_pipe->held;
	record_pipe->held = 0;
	return 1;
}

/* The same. */
static int lay_content(struct record_pipe *record_pipe)
{
	ssize_t n = splice(record_pipe->hold, NULL, record_pipe->pipe, NULL, record_pipe->promised,
		SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0) /* EAGAIN: the pipe is full, because the hold has bytes */
		return errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return -EIO;
	record_pipe->bytes += (uint64_t)n;
	record_pipe->promised -= (uint32_t)n;
	return 1;
}

int record_pipe_fill(struct record_pipe *record_pipe, int from, uint16_t id, uint64_t *left)
{
	while (record_pipe->promised > 0 || record_pipe->held > 0 || *left > 0) {
		int r = record_pipe->promised > 0 ? lay_content(record_pipe)
			: record_pipe->held > 0	  ? lay_header(record_pipe, id)
						  : record_pipe_hold(record_pipe, from, left);
		if (r <= 0)
			return r;
	}
	return 0;
}
