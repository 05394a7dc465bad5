/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_TEMP_H
#define SRC_CONVERT_TEMP_H

/*
 * The daemon's own directory below temp_path, for all that lives no longer than a job. A lock
 * (flock(2)) on it says that its daemon lives: another daemon leaves it alone when it looks for
 * what dead ones have left, and so does systemd-tmpfiles(8). Any thread, except for temp_open and
 * temp_close.
 */

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct temp {
	int fd; /* of the directory; the number stays the same when the directory is made again */
	char dir[PATH_MAX]; /* "": none */
	pthread_mutex_t lock;
	/* Of the directory, so that one look tells whether the name still leads to it. */
	dev_t device;
	ino_t inode;
};

#define TEMP_NONE                                                                                  \
	{                                                                                          \
		.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER                                        \
	}

/* Makes temp_path/sluice.XXXXXX with a mode of 0700. Returns 0, or -errno with nothing left. */
int temp_open(struct temp *temp, const char *temp_path);

/* Makes the directory again, under the same name, if that name leads to it no longer: somebody has
 * removed or moved it, or mounted something over it. Programs get it by its name. Returns 0 when it
 * is there now, also when nothing had happened, or -errno; -EPERM: another's is in its place. */
int temp_restore(struct temp *temp);

/* Makes a directory with a mode of 0700 below it, and first what is above, as temp_restore does.
 * Returns 0 or -errno. */
int temp_make(struct temp *temp, const char *name);

/* Closes the descriptor, and with it the lock. The directory stays. */
void temp_close(struct temp *temp);

/* Whether name is one that temp_open gives. */
bool temp_is_name(const char *name);

/* Opens the directory `name` of temp_open below directory_fd and takes its lock. Returns the
 * descriptor, which holds the lock, or -errno: -EWOULDBLOCK when its daemon lives, -EPERM when it
 * is not a directory of this user, -ENOENT when it has gone meanwhile. */
int temp_lock(int directory_fd, const char *name);

#endif
