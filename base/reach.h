/* SPDX-License-Identifier: MIT */
#ifndef BASE_REACH_H
#define BASE_REACH_H

/*
 * Whether this process, as its effective user, can use a path, and if not, what keeps it from it.
 * Any thread; waits for file systems, and for the directory of users when there is an obstacle.
 */

#include "base/text.h"

/* path: absolute. mode: of access(2), for the directory itself. Returns whether it is a directory
 * that can be used so. Otherwise appends one line of words to problem: "there is no directory
 * /srv", "/srv/a is not a directory", "Permission denied on /srv: user sluice may not search it",
 * "/srv/a: EIO (Input/output error)". Within a unit of systemd, a setting of the unit that may be
 * the reason is named behind it. */
bool reach_directory(const char *path, int mode, struct text *problem);

/* The same for the directory that the file `path` is in. */
bool reach_directory_of(const char *path, int mode, struct text *problem);

/* Appends the name of the effective user, or else its number. */
void reach_put_user(struct text *text);

#endif
