/* SPDX-License-Identifier: MIT */
/*
 * A configuration may come through a pipe, as of a shell's <(...). What it includes may not: a FIFO
 * or a device that a path names by mistake would hold up the start, or never end. The size is
 * bounded in each case.
 */
#include "src/config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(char problem[CONFIG_FILE_PROBLEM_MAX], int error)
{
	snprintf(problem, CONFIG_FILE_PROBLEM_MAX, "cannot be read: %s", strerror(error));
}

/* Up to one byte more than there may be. Returns false with the error in errno. */
static bool read_all(int fd, struct config_file *file)
{
	while (file->size <= CONFIG_FILE_BYTES_MAX) {
		ssize_t n =
			read(fd, file->text + file->size, CONFIG_FILE_BYTES_MAX + 1 - file->size);
		if (n == 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			file->size += (size_t)n;
	}
	return true;
}

static bool read_file(
	int fd, bool regular, struct config_file *file, char problem[CONFIG_FILE_PROBLEM_MAX])
{
	struct stat st;
	if (fstat(fd, &st) < 0) {
		say(problem, errno);
		return false;
	}
	if (S_ISDIR(st.st_mode)) {
		say(problem, EISDIR);
		return false;
	}
	if (regular && !S_ISREG(st.st_mode)) {
		snprintf(problem, CONFIG_FILE_PROBLEM_MAX, "is not a regular file");
		return false;
	}
	*file = (struct config_file){.device = st.st_dev,
		.inode = st.st_ino,
		.changed = st.st_mtim.tv_sec,
		.text = malloc(CONFIG_FILE_BYTES_MAX + 2)};
	if (!file->text)
		say(problem, ENOMEM);
	else if (!read_all(fd, file))
		say(problem, errno);
	else if (file->size > CONFIG_FILE_BYTES_MAX)
		snprintf(problem, CONFIG_FILE_PROBLEM_MAX, "larger than %d KiB",
			CONFIG_FILE_BYTES_MAX / 1024);
	else
		return true;
	return false;
}

bool config_file_read(const char *name, bool regular, struct config_file *file,
	char problem[CONFIG_FILE_PROBLEM_MAX])
{
	*file = (struct config_file){.text = NULL};
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular ? O_NONBLOCK : 0));
	if (fd < 0) {
		say(problem, errno);
		return false;
	}
	bool good = read_file(fd, regular, file, problem);
	close(fd);
	if (good) {
		file->text[file->size] = '\0';
		return true;
	}
	free(file->text);
	file->text = NULL;
	return false;
}
