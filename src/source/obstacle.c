/* SPDX-License-Identifier: MIT */
/* The kernel says what is wrong, but not where. So the name is looked up again, one directory more
 * each time, until the look-up fails. Something else may be there by now; the words are for a
 * reader, and nothing is decided by them. */
#include "src/source/obstacle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

enum { SHOWN_MAX = 200 };

static int look_up(int root_fd, const char *name, uint64_t flags)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	return (int)syscall(SYS_openat2, root_fd, name, &how, sizeof how);
}

static bool is_link(int root_fd, const char *name, char target[PATH_MAX])
{
	FD_CLEANUP int fd = look_up(root_fd, name, O_NOFOLLOW);
	ssize_t length = fd < 0 ? -1 : readlinkat(fd, "", target, PATH_MAX - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	return true;
}

/* name: beneath the root; "" is the root. */
static void put(struct text *out, const char *what, const char *name, bool directory)
{
	text_puts(out, what);
	text_escaped(out, *name ? name : "the root", SHOWN_MAX);
	if (directory && *name)
		text_puts(out, "/");
}

/* `name` is the shortest beginning of the path that cannot be looked up; `parent`, the beginning
 * before it, can. */
static void put_error(
	int root_fd, const char *name, const char *parent, bool last, int error, struct text *out)
{
	char target[PATH_MAX];
	bool link = is_link(root_fd, name, target);
	switch (error) {
	case EACCES:
		if (link)
			put(out, "Permission denied behind the link ", name, false);
		else
			put(out, "Permission denied on ", parent, true);
		break;
	case EXDEV:
		put(out, target[0] == '/' && link ? "absolute link: " : "leaves the root: link ",
			name, false);
		break;
	case ELOOP:
		put(out, "too many links: ", name, false);
		break;
	case ENOENT:
		if (link)
			put(out, "no such file: nothing behind the link ", name, false);
		else if (last)
			text_puts(out, "no such file");
		else
			put(out, "no such file: there is no directory ", name, true);
		break;
	default:
		text_error(out, error);
		put(out, ": ", name, !last);
		break;
	}
}

/* The path can be looked up to its end. */
static void put_rest(const char *name, int error, struct text *out)
{
	if (error == EACCES || error == EPERM)
		put(out, "Permission denied on ", name, false);
	else
		text_error(out, error);
}

static void put_kind(mode_t mode, struct text *out)
{
	text_puts(out, S_ISDIR(mode)	? "a directory"
		       : S_ISFIFO(mode) ? "a FIFO, not a regular file"
		       : S_ISSOCK(mode) ? "a socket, not a regular file"
					: "a device, not a regular file");
}

void source_obstacle(int root_fd, const char *name, const struct source *source, struct text *out)
{
	char path[PATH_MAX], parent[PATH_MAX] = "";
	if (source->error == 0) {
		put_kind(source->stat.st_mode, out);
		return;
	}
	size_t at = 0;
	for (int depth = 0; depth < OBSTACLE_DEPTH && name[at]; depth++) {
		at += strcspn(name + at, "/");
		if (at >= sizeof path)
			break;
		bool last = name[at] == '\0';
		snprintf(path, sizeof path, "%.*s", (int)at, name);
		FD_CLEANUP int fd = look_up(root_fd, path, last ? 0 : O_DIRECTORY);
		if (fd < 0) {
			put_error(root_fd, path, parent, last, errno, out);
			return;
		}
		memcpy(parent, path, at + 1);
		at += !last;
	}
	put_rest(name, source->error, out);
}
