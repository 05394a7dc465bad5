/* SPDX-License-Identifier: MIT */
#ifndef SRC_SOURCE_QUIET_H
#define SRC_SOURCE_QUIET_H

/* Whether a file is being written to just now. Any thread. */

#include <sys/stat.h>

enum quiet {
	QUIET,	       /* a later write would show in the file's time of content */
	QUIET_UNKNOWN, /* it might not: the clock of the file system goes in steps of seconds, or
			* it is another machine's, and the last write is less than that ago */
	QUIET_NOT,     /* it is written to all the time */
};

/* Waits until the last write to the open file is QUIET_MS ago; not longer than QUIET_WAIT_MS.
 * Nearly every file is that old. An empty file is looked at twice. *st is how the file is then.
 * Returns enum quiet or -errno. */
enum { QUIET_MS = 50, QUIET_WAIT_MS = 200 };
int quiet_wait(int fd, struct stat *st);

#endif
