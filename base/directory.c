/* SPDX-License-Identifier: MIT */
#include "base/directory.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void directory_begin(struct directory *directory, int fd)
{
	directory->fd = fd;
	directory->error = 0;
	directory->at = directory->filled = 0;
}

const struct dirent64 *directory_next(struct directory *directory)
{
	for (;;) {
		if (directory->at == directory->filled) {
			ssize_t n = getdents64(
				directory->fd, directory->buffer, sizeof directory->buffer);
			directory->error = n < 0 ? -errno : 0;
			directory->at = 0;
			directory->filled = n > 0 ? (size_t)n : 0;
			if (n <= 0)
				return NULL;
		}
		const struct dirent64 *entry = (const void *)(directory->buffer + directory->at);
		directory->at += entry->d_reclen;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return entry;
	}
}
