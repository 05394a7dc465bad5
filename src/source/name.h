/* SPDX-License-Identifier: MIT */
#ifndef SRC_SOURCE_NAME_H
#define SRC_SOURCE_NAME_H

/* Names of sources beneath the root. Any thread. */

#include <limits.h>
#include <stdbool.h>

/* Drops slashes at the beginning and repeated ones, and segments that are a dot. False: the name
 * does not fit. */
bool source_name_clean(const char *name, char out[PATH_MAX]);

/* The name of the open file without the links that led to it. False: it has none beneath the root
 * now, because it was removed, say. */
bool source_name_real(const char *root, int fd, char out[PATH_MAX]);

#endif
