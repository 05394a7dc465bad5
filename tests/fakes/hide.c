/* SPDX-License-Identifier: MIT */
/*
 * How the fake takes what no limit of the kernel counts: memory that is shared, files without a
 * name.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/fakes/fake.h"

enum { FILE_BYTES = 8 << 20 };

static void fill(int fd)
{
	static char block[1 << 20];

	memset(block, 1, sizeof(block));
	for (size_t i = 0; i < FILE_BYTES / sizeof(block); i++)
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			_exit(FAKE_BROKEN);
}

void hide_shared(uint64_t mebibytes)
{
	size_t size = mebibytes << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(FAKE_BROKEN);
	memset(p, 1, size);
}

/* Written and never mapped. */
void hide_memfd(uint64_t mebibytes)
{
	for (uint64_t i = 0; i < mebibytes; i += FILE_BYTES >> 20)
		fill(memfd_create("hidden", 0));
}

static int unnamed(void)
{
	char name[64];
	static int number;

	snprintf(name, sizeof(name), "hidden%d", number++);
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || unlink(name) < 0)
		_exit(FAKE_BROKEN);
	fill(fd);
	return fd;
}

/* In the working directory, 8 MiB each, and open. */
void hide_unnamed(uint64_t mebibytes)
{
	for (uint64_t i = 0; i < mebibytes; i += FILE_BYTES >> 20)
		unnamed();
}

/* Mapped, and closed. */
void hide_mapped(uint64_t mebibytes)
{
	for (uint64_t i = 0; i < mebibytes; i += FILE_BYTES >> 20) {
		int fd = unnamed();

		if (mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
			_exit(FAKE_BROKEN);
		close(fd);
	}
}

/* Nobody of the same user may look into it from now on. */
void hide_itself(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
