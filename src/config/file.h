/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_FILE_H
#define SRC_CONFIG_FILE_H

/* A file of the configuration, read whole. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CONFIG_FILE_BYTES_MAX = 256 * 1024, CONFIG_FILE_PROBLEM_MAX = 128 };

struct config_file {
	char *text; /* with a NUL behind; the caller frees it */
	size_t size;
	dev_t device; /* which file it is */
	ino_t inode;
	time_t changed; /* when it was written last */
};

/* False with the end of a sentence in problem: "cannot be read: …". With `regular` anything but a
 * regular file is refused, without waiting for it; else a pipe will do. Any thread. */
bool config_file_read(const char *name, bool regular, struct config_file *file,
	char problem[CONFIG_FILE_PROBLEM_MAX]);

#endif
