/* SPDX-License-Identifier: MIT */
#ifndef SRC_SOURCE_SOURCE_H
#define SRC_SOURCE_SOURCE_H

/*
 * The file that a request names, opened beneath the root (openat2(2)) and recognized by its
 * content. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "src/source/film.h"
#include "src/source/picture.h"
#include "src/source/quiet.h"
#include "src/source/sniff.h"

struct source {
	int fd; /* -1: none */
	/* What the programs read in its place, because it is being written to; owned; -1: none. */
	int copy;
	/* Why it could not be opened or read, an errno; 0: nothing has failed. It may come later,
	 * from source_look: then what is known of the content is not to be trusted. */
	int error;
	bool local; /* on a file system of this machine, which does not hang */
	uint64_t size;
	struct stat stat;
	enum quiet quiet; /* when it was opened */
	struct sniff sniff;
	struct film film;
	bool looked; /* picture is known */
	struct picture picture;
};

#define SOURCE_NONE                                                                                \
	{                                                                                          \
		.fd = -1, .copy = -1                                                               \
	}

enum {
	SOURCE_E_NOT_FOUND = 1, /* also a directory, a special file, a path that leads out of the
				   root, no permission */
	SOURCE_E_UNAVAILABLE,	/* the file system fails, or the root may not be searched */
	SOURCE_E_SHORTAGE,	/* no descriptor or no memory at the moment */
};

/* Whether sources can be opened at all. Returns 0, or -errno of openat2(2): -ENOSYS before
 * Linux 5.6, and where a filter forbids the call to this process. */
int source_check(void);

/* Opens `name` (relative, as the URL shows it) beneath root_fd: a regular file, on a path that does
 * not leave the root and has no absolute or magic links. May wait a moment when the file was just
 * written to (quiet.h). Returns 0 or SOURCE_E_*. */
int source_open(int root_fd, const char *name, struct source *source);
void source_close(struct source *source);

/* fstat(2) of the open file, once more. Returns 0 or -errno: -ETIMEDOUT when the file system has
 * begun to hang; this function waits for it for a second. */
int source_stat(const struct source *source, struct stat *out);

/* Fills source->picture when it is not known yet; reads some pieces of the file for that (a GIF:
 * all of it, up to a bound). */
void source_look(struct source *source);

/* Whether both describe the same file with unchanged content, permissions and links. */
bool source_is_unchanged(const struct stat *then, const struct stat *now);
/* Whether `name` beneath the root still leads to the file of `then`, unchanged; source_open found
 * it before. Uses the kernel's memory only, and is false when that is not enough (RESOLVE_CACHED,
 * Linux 5.12). Does not block on a local file system. */
bool source_is_same(const char *root, const char *name, const struct stat *then);
/* Whether the root and the source lie on file systems of this machine. */
bool source_is_local(const char *root, const struct source *source);

#endif
