/* SPDX-License-Identifier: MIT */
/*
 * What the fake writes. The pattern has a prime period that fits neither pages, pipes nor records,
 * so that a byte which is lost, repeated or out of place anywhere in a gigabyte changes what a test
 * compares.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/fakes/fake.h"

enum { PERIOD = 65521, BLOCK = 262144 };

static unsigned char block[BLOCK + PERIOD];
static uint64_t position;
static bool filled;

static void fill(void)
{
	uint32_t x = 1;

	if (filled)
		return;
	filled = true;
	for (size_t i = 0; i < sizeof(block); i++) {
		if (i >= PERIOD) {
			block[i] = block[i - PERIOD];
			continue;
		}
		x = x * 1103515245u + 12345u;
		block[i] = (unsigned char)(x >> 16);
	}
}

static void put(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			_exit(FAKE_BROKEN);
		}
		p += n;
		size -= (size_t)n;
	}
}

static void put_pattern(int fd, uint64_t count)
{
	fill();
	while (count) {
		size_t n = count < BLOCK ? (size_t)count : BLOCK;

		put(fd, block + position % PERIOD, n);
		position += n;
		count -= n;
	}
}

void output_pattern(uint64_t count)
{
	put_pattern(STDOUT_FILENO, count);
}

void output_endless(void)
{
	put_pattern(STDOUT_FILENO, UINT64_MAX);
}

void output_file(const char *path, uint64_t count)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		_exit(FAKE_BROKEN);
	position = 0;
	put_pattern(fd, count);
	close(fd);
}

/* An empty file where converters put their temporary files: the test sees how far the story is. */
void output_mark(const char *name)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "/tmp", name);
	output_file(path, 0);
}

void output_to(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(FAKE_BROKEN);
	close(fd);
	position = 0;
}

void output_text(int fd, const char *text)
{
	put(fd, text, strlen(text));
}

void output_flood(int fd, uint64_t count)
{
	char line[1024];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	while (count) {
		size_t n = count < sizeof(line) ? (size_t)count : sizeof(line);

		put(fd, line, n);
		count -= n;
	}
}

void output_copy(int from)
{
	static char buffer[65536];
	ssize_t n;

	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		put(STDOUT_FILENO, buffer, (size_t)n);
	if (n < 0)
		_exit(FAKE_BROKEN);
}

void output_copy_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
		_exit(FAKE_BROKEN);
	}
	output_copy(fd);
	close(fd);
}

/* The reader is on the same machine: CLOCK_MONOTONIC in nanoseconds tells it how long the bytes
 * were under way. */
void output_clock(void)
{
	char text[40];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "%lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
	output_text(STDOUT_FILENO, text);
}
