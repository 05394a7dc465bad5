/* SPDX-License-Identifier: MIT */
/* Splicing a long answer record by record straight from the converter's pipe holds that pipe's lock while the socket is fed, wakes
 * the web server twice a record, and is woken in turn: most of the processor time went there. Moving pages from pipe to
 * pipe is cheap, so the records are laid out here first and then leave together. */
#include "fcgi/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "fcgi/record.h"

enum { STAGE_BYTES = 1 << 20 };

int stage_open(struct stage *stage)
{
	int fds[2];
	if (stage->reader >= 0)
		return 0;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	fcntl(fds[1], F_SETPIPE_SZ, STAGE_BYTES); /* when refused, it is a shorter stage */
	*stage = (struct stage){.reader = fds[0], .writer = fds[1]};
	return 0;
}

void stage_close(struct stage *stage)
{
	fd_close(&stage->reader);
	fd_close(&stage->writer);
	stage->bytes = 0;
	stage->promised = 0;
}

/* Returns 1, 0 when there is no room, or -errno. */
static int begin_record(struct stage *stage, uint16_t id, uint64_t *left)
{
	uint8_t wire[FCGI_HEADER_LEN];
	uint16_t size = *left < FCGI_RECORD_MAX ? (uint16_t)*left : FCGI_RECORD_MAX;
	struct fcgi_header header = {
		.version = FCGI_VERSION_1, .type = FCGI_STDOUT, .id = id, .content_length = size};
	fcgi_header_encode(&header, wire);
	/* So few bytes go in as a whole or not at all (PIPE_BUF, pipe(7)). */
	if (write(stage->writer, wire, sizeof wire) < 0)
		return errno == EAGAIN ? 0 : -errno;
	stage->bytes += sizeof wire;
	stage->promised = size;
	*left -= size;
	return 1;
}

int stage_fill(struct stage *stage, int from, uint16_t id, uint64_t *left)
{
	while (stage->promised > 0 || *left > 0) {
		if (stage->promised == 0) {
			int r = begin_record(stage, id, left);
			if (r <= 0)
				return r;
		}
		ssize_t n = splice(from, NULL, stage->writer, NULL, stage->promised,
			SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) /* EAGAIN: full, because the bytes are there */
			return errno == EAGAIN ? 0 : -errno;
		if (n == 0)
			return -EIO;
		stage->bytes += (uint64_t)n;
		stage->promised -= (uint32_t)n;
	}
	return 0;
}
