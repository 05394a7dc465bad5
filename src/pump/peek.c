/* SPDX-License-Identifier: MIT */
/* A pipe cannot be read without taking what is read, but tee(2) gives a second pipe the same pages.
 */
#include "src/pump/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

ssize_t pump_peek(const struct pump *pump, void *buffer, size_t size)
{
	int ends[2];
	if (pump->file >= 0) {
		ssize_t n = pread(pump->file, buffer, size, 0);
		return n < 0 ? -errno : n;
	}
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	FD_CLEANUP int reader = ends[0];
	FD_CLEANUP int writer = ends[1];
	ssize_t n = tee(pump->conversion->out, writer, size, SPLICE_F_NONBLOCK);
	if (n > 0)
		n = read(reader, buffer, size);
	return n < 0 ? -errno : n;
}
