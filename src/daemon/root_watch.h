/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_ROOT_WATCH_H
#define SRC_DAEMON_ROOT_WATCH_H

/*
 * Looks whether the root can be searched, without waiting for it longer than the caller wants: a
 * file system may hang in the kernel, and no call there can be ended from outside. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct root_watch;

/* Returns 0 or -ENOMEM. */
int root_watch_new(struct root_watch **out);
/* Waits for nothing: a look that hangs ends by itself, whenever that is. NULL is fine. */
void root_watch_free(struct root_watch *watch);

/* Looks at root, or waits for the look at it that is under way: until wait_ms after its beginning,
 * which may have passed. Returns whether the root can be searched; otherwise appends one line of
 * words to problem. There is one thread at a time for one root, however many callers there are. */
bool root_watch_look(
	struct root_watch *watch, const char *root, uint64_t wait_ms, struct text *problem);

#endif
