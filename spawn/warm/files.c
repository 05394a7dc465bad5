/* SPDX-License-Identifier: MIT */
/* A held program must not outlive an upgrade: a job of the old one beside a library or a data file
 * of the new one is neither, and the daemon has named the result after the new files already. So
 * the program's own name, which may also lead elsewhere now (a symbolic link), and the libraries
 * are looked at for every job: less than a microsecond each. */
#include <link.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file_identity.h"
#include "spawn/warm/hold.h"

enum { FILES_MAX = 512 };

struct file {
	const char *path; /* the link map's, which never goes away */
	struct file_identity identity;
};

static struct {
	struct file_identity program;
	struct file libraries[FILES_MAX];
	size_t count;
} files;

static bool identify(const char *path, struct file_identity *out)
{
	struct stat info;
	if (stat(path, &info) < 0)
		return false;
	*out = file_identity_of(&info);
	return true;
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
	struct file_identity current;
	bool same = identify(program, &current) && file_identity_equal(&current, &files.program);
	for (size_t i = 0; i < files.count && same; i++)
		same = identify(files.libraries[i].path, &current) &&
		       file_identity_equal(&current, &files.libraries[i].identity);
	return same;
}
