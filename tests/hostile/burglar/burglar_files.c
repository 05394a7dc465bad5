/* SPDX-License-Identifier: MIT */
#include "burglar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_file(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	int r = burglar_result(read(fd, &byte, 1));
	close(fd);
	return r;
}

static int list(const char *path)
{
	DIR *directory = opendir(path);
	if (!directory)
		return -errno;
	closedir(directory);
	return 0;
}

static int open_and_close(const char *path, int flags)
{
	int fd = open(path, flags, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int open_write(const char *path)
{
	return open_and_close(path, O_WRONLY | O_NONBLOCK);
}

static int open_append(const char *path)
{
	return open_and_close(path, O_WRONLY | O_APPEND | O_NONBLOCK);
}

static int open_trunc(const char *path)
{
	return open_and_close(path, O_WRONLY | O_TRUNC);
}

/* With the value that it has, so that nothing changes. */
static int truncate_path(const char *path)
{
	struct stat st;
	return stat(path, &st) < 0 ? -errno : burglar_result(truncate(path, st.st_size));
}

static const char *beside(const char *path, const char *suffix, char buffer[PATH_MAX])
{
	snprintf(buffer, PATH_MAX, "%s%s", path, suffix);
	return buffer;
}

static int try_rename(const char *path)
{
	char other[PATH_MAX];
	if (rename(path, beside(path, ".moved", other)) < 0)
		return -errno;
	return burglar_result(rename(other, path));
}

static int link_out(const char *path)
{
	if (link(path, "linked") < 0)
		return -errno;
	unlink("linked");
	return 0;
}

static int take_away(const char *path)
{
	if (rename(path, "taken") < 0)
		return -errno;
	return burglar_result(rename("taken", path));
}

static int try_unlink(const char *path)
{
	return burglar_result(unlink(path));
}

static int create(const char *path)
{
	char name[PATH_MAX];
	int fd = open(beside(path, "/planted", name), O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	unlink(name);
	return 0;
}

static int create_unnamed(const char *path)
{
	return open_and_close(path, O_TMPFILE | O_WRONLY);
}

static int make_directory(const char *path)
{
	char name[PATH_MAX];
	if (mkdir(beside(path, "/planted", name), 0700) < 0)
		return -errno;
	rmdir(name);
	return 0;
}

static int make_link(const char *path)
{
	char name[PATH_MAX];
	if (symlink("/", beside(path, "/planted", name)) < 0)
		return -errno;
	unlink(name);
	return 0;
}

static int make_fifo(const char *path)
{
	char name[PATH_MAX];
	if (mkfifo(beside(path, "/planted", name), 0600) < 0)
		return -errno;
	unlink(name);
	return 0;
}

/* Something of ours, under a name there. */
static int bring(const char *path, int (*how)(const char *, const char *))
{
	char name[PATH_MAX];
	open_and_close("own", O_WRONLY | O_CREAT);
	if (how("own", beside(path, "/planted", name)) < 0)
		return -errno;
	unlink(name);
	return 0;
}

static int rename_into(const char *path)
{
	return bring(path, rename);
}

static int link_into(const char *path)
{
	return bring(path, link);
}

static int watch_names(const char *path)
{
	int fd = inotify_init1(IN_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = burglar_result(inotify_add_watch(fd, path, IN_ALL_EVENTS));
	close(fd);
	return r;
}

static int look(const char *path)
{
	struct stat st;
	return burglar_result(stat(path, &st));
}

static int follow(const char *path)
{
	char target[PATH_MAX];
	return burglar_result(readlink(path, target, sizeof target));
}

/* Its own source, through the descriptor that it was given. */
static int write_source(const char *unused)
{
	(void)unused;
	return open_write("/proc/self/fd/3");
}

static int read_source(const char *unused)
{
	(void)unused;
	return read_file("/dev/fd/3");
}

static int write_own(const char *unused)
{
	(void)unused;
	return open_and_close("own", O_WRONLY | O_CREAT | O_TRUNC);
}

/* Neither standard streams nor its source. First of all, for others leave theirs open. */
static int foreign_descriptor(const char *unused)
{
	(void)unused;
	for (int fd = 4; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 0;
	return -EPERM; /* nothing to be had */
}

const struct burglar_entry burglar_files[] = {
	{"foreign-descriptor", foreign_descriptor, 0},
	{"read-source", read_source, 0},
	{"write-own", write_own, 0},
	{"read", read_file, TARGET_READ | TARGET_FILE | TARGET_PREY},
	{"list", list, TARGET_LIST | TARGET_ROOM},
	{"stat", look, TARGET_FILE | TARGET_PREY},
	{"stat-proc", look, TARGET_READ},
	{"readlink-proc", follow, TARGET_LINK},
	{"watch-names", watch_names, TARGET_ROOM},
	{"open-write", open_write, TARGET_OPEN | TARGET_FILE | TARGET_PREY},
	{"open-append", open_append, TARGET_OPEN | TARGET_FILE | TARGET_PREY},
	{"truncate", truncate_path, TARGET_FILE | TARGET_PREY},
	{"open-trunc", open_trunc, TARGET_PREY},
	{"create", create, TARGET_ROOM},
	{"create-unnamed", create_unnamed, TARGET_ROOM},
	{"mkdir", make_directory, TARGET_ROOM},
	{"symlink", make_link, TARGET_ROOM},
	{"mkfifo", make_fifo, TARGET_ROOM},
	{"rename", try_rename, TARGET_PREY},
	{"rename-away", take_away, TARGET_PREY},
	{"rename-into", rename_into, TARGET_ROOM},
	{"link-out", link_out, TARGET_FILE | TARGET_PREY},
	{"link-into", link_into, TARGET_ROOM},
	{"unlink", try_unlink, TARGET_PREY},
	{"write-source", write_source, 0},
	{NULL, NULL, 0},
};
