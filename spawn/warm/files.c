/* SPDX-License-Identifier: MIT */
/* A held program must not outlive an upgrade: a job of the old one beside a library or a data file
 * of the new one is neither, and the daemon has named the result after the new files already. So
 * the program's own name, which may also lead elsewhere now (a symbolic link), and the libraries
 * are looked at for every job: less than a microsecond each. */
#include <link.h>
#include <string.h>
#include <sys/stat.h>

#include "spawn/warm/hold.h"

enum { FILES_MAX = 512 };

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

void files_remember(void)
{
	identify("/proc/self/exe", &files.program);
	dl_iterate_phdr(remember, NULL);
}

bool files_unchanged(const char *program)
{
	struct identity current;
	if (program && (!identify(program, &current) || !same(&current, &files.program)))
		files.changed = true;
	for (size_t i = 0; i < files.count && !files.changed; i++)
		files.changed = !identify(files.libraries[i].path, &current) ||
				!same(&current, &files.libraries[i].identity);
	return !files.changed;
}
