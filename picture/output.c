/* SPDX-License-Identifier: MIT */
#include "picture/output.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "picture/again.h"
#include "picture/fault.h"

int output_reserve(struct output *output, size_t more)
{
	if (more <= output->room - output->length)
		return 0;
	size_t room = output->room ? output->room : 16u << 10;
	while (room - output->length < more) {
		if (room > SIZE_MAX / 2)
			return fault_memory();
		room *= 2;
	}
	uint8_t *larger = realloc(output->bytes, room);
	if (!larger)
		return fault_memory();
	output->bytes = larger;
	output->room = room;
	return 0;
}

int output_add(struct output *output, const void *bytes, size_t length)
{
	int status = output_reserve(output, length);
	if (status || !length)
		return status;
	memcpy(output->bytes + output->length, bytes, length);
	output->length += length;
	return 0;
}

int output_write(const struct output *output, int fd)
{
	for (size_t done = 0; done < output->length;) {
		ssize_t written = write(fd, output->bytes + done, output->length - done);
		if (written < 0 && again(fd, POLLOUT))
			continue;
		if (written < 0)
			return fault(FAULT_BROKEN, "cannot write the result: %s", strerror(errno));
		done += (size_t)written;
	}
	return 0;
}

void output_deinit(struct output *output)
{
	free(output->bytes);
	*output = (struct output){0};
}
