/* SPDX-License-Identifier: MIT */
/* A held program must not outlive an upgrade, because an old program beside new libraries or data
 * files is neither version. The program's path is looked up for every job: it may be a symbolic
 * link that leads elsewhere now. The libraries, of which there can be two hundred, are checked once
 * per second and only when there is a job. */
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "spawn/warm/hold.h"

enum { FILES_MAX = 512, LOOK_AGAIN_S = 1 };

struct identity {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
};

struct file {
	const char *path; /* the link map's, which never goes away */
	struct identity identity;
};

static struct {
	struct identity program;
	struct file libraries[FILES_MAX];
	size_t count;
	time_t looked;
	bool changed;
} files;

static bool identify(const char *path, struct identity *out)
{
	struct stat info;
	if (stat(path, &info) < 0)
		return false;
	*out = (struct identity){info.st_dev, info.st_ino, info.st_size, info.st_mtim};
	return true;
}

static bool same(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified.tv_sec == b->modified.tv_sec &&
	       a->modified.tv_nsec == b->modified.tv_nsec;
}

static int remember(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	struct file *file = &files.libraries[files.count];
	if (files.count < FILES_MAX && info->dlpi_name && info->dlpi_name[0] == '/' &&
		identify(info->dlpi_name, &file->identity)) {
		file->path = info->dlpi_name;
		files.count++;
	}
	return 0;
}

static time_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return time.tv_sec;
}

void files_remember(void)
{
	identify("/proc/self/exe", &files.program);
	dl_iterate_phdr(remember, NULL);
	files.looked = now();
}

bool files_unchanged(const char *program)
{
	struct identity current;
	if (program && (!identify(program, &current) || !same(&current, &files.program)))
		files.changed = true;
	time_t time = now();
	if (files.changed || time - files.looked <= LOOK_AGAIN_S)
		return !files.changed;
	files.looked = time;
	for (size_t i = 0; i < files.count && !files.changed; i++)
		files.changed = !identify(files.libraries[i].path, &current) ||
				!same(&current, &files.libraries[i].identity);
	return !files.changed;
}
