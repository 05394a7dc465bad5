/* SPDX-License-Identifier: MIT */
#ifndef SRC_SOURCE_OBSTACLE_H
#define SRC_SOURCE_OBSTACLE_H

/*
 * Why a source could not be opened, in words for the administrator: the client gets the same page
 * in all cases. Any thread.
 */

#include "base/text.h"
#include "src/source/source.h"

/* Appends the reason to `out`: "no such file", "Permission denied on photos/", "absolute link: a",
 * "EIO (Input/output error)". source: as source_open has left it when it did not return 0. Looks at
 * the first OBSTACLE_DEPTH directories of the name only, without opening any file. */
enum { OBSTACLE_DEPTH = 64 };
void source_obstacle(int root_fd, const char *name, const struct source *source, struct text *out);

#endif
