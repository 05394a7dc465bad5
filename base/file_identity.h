/* SPDX-License-Identifier: MIT */
#ifndef BASE_FILE_IDENTITY_H
#define BASE_FILE_IDENTITY_H

/*
 * Which file it is, and with which content, as far as its status tells. The time of the status is
 * left out, because a new link or another mode changes no content. Also for held programs, so
 * nothing here allocates or needs a library. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* Numbers only and no gaps, so it can be compared and hashed as memory. */
struct file_identity {
	uint64_t device, inode, size, modified_s, modified_ns;
};

static inline struct file_identity file_identity_of(const struct stat *st)
{
	return (struct file_identity){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.modified_s = (uint64_t)st->st_mtim.tv_sec,
		.modified_ns = (uint64_t)st->st_mtim.tv_nsec,
	};
}

static inline bool file_identity_equal(const struct file_identity *a, const struct file_identity *b)
{
	return !memcmp(a, b, sizeof *a);
}

#endif
