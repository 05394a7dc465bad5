/* SPDX-License-Identifier: MIT */
#include "src/source/name.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"

bool source_name_clean(const char *name, char out[PATH_MAX])
{
	struct text text;
	text_init(&text, out, PATH_MAX);
	for (;;) {
		name += strspn(name, "/");
		size_t length = strcspn(name, "/");
		if (length == 0)
			return !text.overflow;
		if (length != 1 || name[0] != '.') {
			text_puts(&text, text.len > 0 ? "/" : "");
			text_append(&text, name, length);
		}
		name += length;
	}
}

/* The kernel's own name for the open file. */
static bool path_of(int fd, char out[PATH_MAX])
{
	char self[32];
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(self, out, PATH_MAX);
	if (length <= 0 || length >= PATH_MAX || out[0] != '/')
		return false;
	out[length] = '\0';
	return true;
}

bool source_name_real(const char *root, int fd, char out[PATH_MAX])
{
	char above[PATH_MAX], path[PATH_MAX];
	struct stat st, there;
	FD_CLEANUP int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0 || !path_of(root_fd, above) || !path_of(fd, path))
		return false;
	size_t length = strcmp(above, "/") == 0 ? 0 : strlen(above);
	if (strncmp(path, above, length) != 0 || path[length] != '/')
		return false;
	/* The name of a file that was removed ends with " (deleted)". */
	if (fstat(fd, &st) < 0 || stat(path, &there) < 0 || st.st_dev != there.st_dev ||
		st.st_ino != there.st_ino)
		return false;
	return source_name_clean(path + length, out);
}
