/* SPDX-License-Identifier: MIT */
/* Splicing a long answer record by record straight from the converter's pipe holds that pipe's lock while the socket is fed, wakes
 * the web server twice a record, and is woken in turn: most of the processor time went there. Moving pages from pipe to
 * pipe is cheap, so the records are laid out here first and then leave together.
 *
 * A program can open its own standard output for reading and take bytes back at any moment, also between our FIONREAD and our
 * splice. A header that has promised them could not be kept then. So the bytes are taken first, and what came is promised. */
#include "fcgi/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "fcgi/record.h"

enum {
	STAGE_BYTES = 1 << 20,
	HOLD_BYTES = 128 * 1024, /* a record's pages, however they are aligned */
};

/* Both ends as one descriptor (fifo(7)): each one more for a request is a connection less for the daemon. */
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
		fcntl(both, F_SETPIPE_SZ, bytes); /* when refused, the pieces are shorter */
	*out = both;
	return 0;
}

int stage_open(struct stage *stage, bool is_long)
{
	int r = open_pipe(&stage->hold, is_long ? HOLD_BYTES : 0);
	return r == 0 && is_long ? open_pipe(&stage->pipe, STAGE_BYTES) : r;
}

void stage_close(struct stage *stage)
{
	fd_close(&stage->hold);
	fd_close(&stage->pipe);
	stage->held = stage->promised = 0;
	stage->bytes = 0;
}

bool stage_is_empty(const struct stage *stage)
{
	return stage->held == 0 && stage->promised == 0 && stage->bytes == 0;
}

int stage_hold(struct stage *stage, int from, uint64_t *left)
{
	size_t wanted = *left < FCGI_RECORD_MAX ? (size_t)*left : FCGI_RECORD_MAX;
	ssize_t n = splice(from, NULL, stage->hold, NULL, wanted,
		SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0 && errno != EAGAIN)
		return -errno;
	if (n <= 0) /* the hold is empty, so it is not for want of room */
		return -ENODATA;
	stage->held = (uint32_t)n;
	*left -= (uint64_t)n;
	return 1;
}

/* Returns 1, 0 when there is no room, or -errno. */
static int lay_header(struct stage *stage, uint16_t id)
{
	uint8_t wire[FCGI_HEADER_LEN];
	struct fcgi_header header = {.version = FCGI_VERSION_1,
		.type = FCGI_STDOUT,
		.id = id,
		.content_length = (uint16_t)stage->held};
	fcgi_header_encode(&header, wire);
	/* So few bytes go in as a whole or not at all (PIPE_BUF, pipe(7)). */
	if (write(stage->pipe, wire, sizeof wire) < 0)
		return errno == EAGAIN ? 0 : -errno;
	stage->bytes += sizeof wire;
	stage->promised = stage->held;
	stage->held = 0;
	return 1;
}

/* The same. */
static int lay_content(struct stage *stage)
{
	ssize_t n = splice(stage->hold, NULL, stage->pipe, NULL, stage->promised,
		SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0) /* EAGAIN: full, because the bytes are there */
		return errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return -EIO;
	stage->bytes += (uint64_t)n;
	stage->promised -= (uint32_t)n;
	return 1;
}

int stage_fill(struct stage *stage, int from, uint16_t id, uint64_t *left)
{
	while (stage->promised > 0 || stage->held > 0 || *left > 0) {
		int r = stage->promised > 0 ? lay_content(stage)
			: stage->held > 0   ? lay_header(stage, id)
					    : stage_hold(stage, from, left);
		if (r <= 0)
			return r;
	}
	return 0;
}
