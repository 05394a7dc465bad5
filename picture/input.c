/* SPDX-License-Identifier: MIT */
/*
 * pread(2), never mmap(2): a file that is cut short while it is read would end a program that has
 * mapped it by SIGBUS, and a strictly confined one may not map files.
 */
#include "picture/input.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "picture/again.h"
#include "picture/fault.h"

/* What a pipe may send. */
static const size_t PIPE_MAX = 512u << 20;

struct input {
	int fd;
	off_t base;
	uint64_t length;
	uint8_t *whole;
	int failed;
};

/* Returns how many bytes, less than `length` at the end only. */
static size_t read_all(struct input *input, uint64_t offset, uint8_t *bytes, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t got = pread(input->fd, bytes + done, length - done,
			input->base + (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && !input->failed)
			input->failed = errno;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

static int read_pipe(struct input *input)
{
	size_t room = 0;
	for (;;) {
		if (input->length == room) {
			room = room ? room * 2 : 256u << 10;
			uint8_t *larger = realloc(input->whole, room);
			if (!larger)
				return fault_memory();
			input->whole = larger;
		}
		ssize_t got = read(input->fd, input->whole + input->length, room - input->length);
		if (got < 0 && again(input->fd, POLLIN))
			continue;
		if (got < 0)
			return fault(FAULT_BROKEN, "cannot read the source: %s", strerror(errno));
		if (got == 0)
			return 0;
		input->length += (size_t)got;
		if (input->length > PIPE_MAX)
			return fault(FAULT_LIMIT, "the source has more than %zu bytes", PIPE_MAX);
	}
}

int input_open(int fd, struct input **result)
{
	struct input *input = calloc(1, sizeof(*input));
	if (!input)
		return fault_memory();
	*input = (struct input){.fd = fd};
	struct stat stat;
	int status = 0;
	if (fstat(fd, &stat))
		status = fault(FAULT_BROKEN, "cannot read the source: %s", strerror(errno));
	else if (!S_ISREG(stat.st_mode))
		status = read_pipe(input);
	else {
		input->base = lseek(fd, 0, SEEK_CUR);
		input->length =
			stat.st_size > input->base ? (uint64_t)(stat.st_size - input->base) : 0;
	}
	if (!status && !input->length)
		status = fault(FAULT_BROKEN, "the source is empty");
	if (status) {
		input_close(input);
		return status;
	}
	*result = input;
	return 0;
}

int input_memory(const void *bytes, size_t length, struct input **result)
{
	if (!length)
		return fault(FAULT_BROKEN, "the source is empty");
	struct input *input = calloc(1, sizeof(*input));
	uint8_t *whole = malloc(length);
	if (!input || !whole) {
		free(input);
		free(whole);
		return fault_memory();
	}
	memcpy(whole, bytes, length);
	*input = (struct input){.fd = -1, .length = length, .whole = whole};
	*result = input;
	return 0;
}

void input_close(struct input *input)
{
	if (!input)
		return;
	free(input->whole);
	free(input);
}

uint64_t input_length(const struct input *input)
{
	return input->length;
}

size_t input_read(struct input *input, uint64_t offset, void *bytes, size_t length)
{
	if (offset >= input->length)
		return 0;
	if (length > input->length - offset)
		length = (size_t)(input->length - offset);
	if (!input->whole)
		return read_all(input, offset, bytes, length);
	memcpy(bytes, input->whole + offset, length);
	return length;
}

int input_failed(const struct input *input)
{
	return input->failed
		       ? fault(FAULT_BROKEN, "cannot read the source: %s", strerror(input->failed))
		       : 0;
}

int input_whole(struct input *input, size_t limit, const uint8_t **bytes, size_t *length)
{
	if (input->length > limit)
		return fault(FAULT_LIMIT, "the source has more than %zu bytes", limit);
	if (!input->whole) {
		uint8_t *whole = malloc((size_t)input->length);
		if (!whole)
			return fault_memory();
		input->length = read_all(input, 0, whole, (size_t)input->length);
		input->whole = whole;
	}
	*bytes = input->whole;
	*length = (size_t)input->length;
	return input_failed(input);
}
