/* SPDX-License-Identifier: MIT */
#include "src/convert/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/tree.h"
#include "src/convert/temp.h"

enum {
	STACK_BYTES = 256 * 1024,
	ENTRIES_MAX = 100000, /* of temp_path, which may be /tmp with anything in it */
	WORK_MS = 10 * 60 * 1000,
};

struct leftovers {
	char temp_path[PATH_MAX];
	atomic_bool stop;
	pthread_t thread;
};

/* "job17": every daemon has such directories in its own. A user's `mktemp -d` may have made a name
 * of the same pattern. */
static int is_of_job(void *data, int directory, const char *path, const struct stat *st)
{
	(void)data;
	(void)directory;
	size_t digits = strncmp(path, "job", 3) == 0 ? strspn(path + 3, "0123456789") : 0;
	return S_ISDIR(st->st_mode) && digits > 0 && !path[3 + digits];
}

static bool is_of_daemon(int directory, const char *name, uint64_t until)
{
	const struct tree_bounds bounds = {.entries = ENTRIES_MAX, .until_ms = until};
	return tree_walk(directory, name, &bounds, is_of_job, NULL) == 1;
}

/* Returns 1 when it has removed the directory, 0 when it is somebody's, or -errno. */
static int remove_one(struct leftovers *leftovers, int directory, const char *name, uint64_t until)
{
	FD_CLEANUP int lock = temp_lock(directory, name);
	if (lock < 0 || !is_of_daemon(directory, name, until))
		return 0;
	const struct tree_limit limit = {.until_ms = until, .stop = &leftovers->stop};
	int r = tree_remove(directory, name, &limit);
	return r == 0 || r == -ENOENT ? 1 : r;
}

static void *look(void *argument)
{
	struct leftovers *leftovers = argument;
	uint64_t until = clock_now_ms() + WORK_MS;
	unsigned removed = 0;
	DIR *directory = opendir(leftovers->temp_path);
	struct dirent *entry;
	for (unsigned i = 0; directory && i < ENTRIES_MAX && !atomic_load(&leftovers->stop) &&
			     clock_now_ms() < until && (entry = readdir(directory));
		i++) {
		if (!temp_is_name(entry->d_name))
			continue;
		int r = remove_one(leftovers, dirfd(directory), entry->d_name, until);
		removed += r == 1;
		if (r < 0 && r != -EAGAIN)
			log_warning("cannot remove %s/%s, which a killed daemon has left: %s",
				leftovers->temp_path, entry->d_name, strerror(-r));
	}
	if (removed > 0)
		log_notice("removed %u temporary director%s of killed daemons", removed,
			removed == 1 ? "y" : "ies");
	if (directory)
		closedir(directory);
	return NULL;
}

int leftovers_begin(const char *temp_path, struct leftovers **out)
{
	pthread_attr_t attributes;
	struct leftovers *leftovers = calloc(1, sizeof *leftovers);
	if (!leftovers)
		return -ENOMEM;
	snprintf(leftovers->temp_path, sizeof leftovers->temp_path, "%s", temp_path);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	int r = -pthread_create(&leftovers->thread, &attributes, look, leftovers);
	pthread_attr_destroy(&attributes);
	if (r < 0) {
		free(leftovers);
		return r;
	}
	*out = leftovers;
	return 0;
}

void leftovers_end(struct leftovers *leftovers)
{
	if (!leftovers)
		return;
	atomic_store(&leftovers->stop, true);
	pthread_join(leftovers->thread, NULL);
	free(leftovers);
}

void leftovers_abandon(struct leftovers *leftovers)
{
	if (!leftovers)
		return;
	atomic_store(&leftovers->stop, true);
	if (pthread_tryjoin_np(leftovers->thread, NULL) == 0)
		free(leftovers);
}
