/* SPDX-License-Identifier: MIT */
#ifndef BASE_DIRECTORY_H
#define BASE_DIRECTORY_H

/* Reads the entries of a directory by its descriptor, without the memory and the second descriptor
 * of fdopendir(3). One thread. */

#include <dirent.h>
#include <stddef.h>

enum { DIRECTORY_BUFFER_BYTES = 4096 };

struct directory {
	int fd;
	int error; /* 0 or -errno, when there are no more entries */
	size_t at, filled;
	_Alignas(struct dirent64) char buffer[DIRECTORY_BUFFER_BYTES];
};

/* Begins at the descriptor's offset: with the first entry, when it was just opened. fd is borrowed.
 */
void directory_begin(struct directory *directory, int fd);

/* The next entry but `.` and `..`, valid until the next call. NULL: there are no more, or reading
 * failed; see `error`. */
const struct dirent64 *directory_next(struct directory *directory);

#endif
