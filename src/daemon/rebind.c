/* SPDX-License-Identifier: MIT */
/*
 * An unlinked socket cannot be linked again, so the daemon listens on a new one. It has no rights
 * of root any more: it can only do so where its user may write, and only groups that its user
 * belongs to can get the file.
 *
 * A file that is missing once may be on its way: another daemon takes the name in the next moment,
 * or an operator moves the file. So it has to be missing at two looks.
 */
#include "src/daemon/rebind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { LOOK_MS = 1500 };

void rebind_begin(struct rebind *rebind, const struct listeners *listeners)
{
	*rebind = (struct rebind){.look_ms = clock_now_ms() + LOOK_MS};
	for (size_t i = 0; i < listeners->count; i++) {
		struct stat st;
		const char *path = listeners->at[i].unlink_path;
		if (!path || lstat(path, &st) < 0)
			continue;
		rebind->at[i].mode = st.st_mode & 07777;
		rebind->at[i].group = st.st_gid;
	}
}

static void restore_group(const char *path, gid_t group)
{
	struct stat st;
	if (lstat(path, &st) < 0 || st.st_gid == group || lchown(path, (uid_t)-1, group) == 0)
		return;
	log_warning("the socket that was bound again has another group, and the web server may not "
		    "be allowed to open it: restart the daemon listen=%s group=%u: %s",
		path, (unsigned)group, strerror(errno));
}

static int bind_again(
	struct rebind *rebind, size_t index, struct listeners *listeners, struct fcgi_loop *loop)
{
	struct listener *old = &listeners->at[index], new;
	char address[LISTENER_ADDRESS_MAX + sizeof "unix:"];
	int n = snprintf(address, sizeof address, "unix:%s", old->unlink_path);
	if (n < 0 || n >= (int)sizeof address)
		return -ENAMETOOLONG;
	int r = listener_open(address, rebind->at[index].mode, &new);
	if (r == 0)
		r = fcgi_loop_replace(loop, old->fd, new.fd);
	if (r != 0) {
		listener_close(&new);
		return r;
	}
	listener_close(old); /* its file is not there */
	*old = new;
	restore_group(old->unlink_path, rebind->at[index].group);
	return 0;
}

/* Returns whether the socket was bound again. */
static bool look(
	struct rebind *rebind, size_t index, struct listeners *listeners, struct fcgi_loop *loop)
{
	const char *path = listeners->at[index].unlink_path;
	struct stat st;
	const int error = lstat(path, &st) < 0 ? errno : 0;
	const bool missing = error == ENOENT;
	bool again = missing && rebind->at[index].missing;
	rebind->at[index].missing = missing;
	/* A socket may be another daemon's, which has taken over; it is left alone. */
	const bool taken = error == 0 && !S_ISSOCK(st.st_mode);
	if (taken && !rebind->at[index].told)
		log_error("the file of the socket was replaced by something that is no socket: no "
			  "web server can connect: remove it, and the socket is bound again "
			  "listen=%s",
			path);
	if (!missing)
		rebind->at[index].told = taken;
	if (!again)
		return false;
	int r = bind_again(rebind, index, listeners, loop);
	if (r == 0) {
		log_warning("the file of the socket was removed, and the socket is bound again "
			    "listen=%s",
			listeners->at[index].unlink_path);
		rebind->at[index].missing = false;
		return true;
	}
	if (!rebind->at[index].told)
		log_error("the file of the socket was removed, and cannot be bound again: no web "
			  "server can connect: restart the daemon listen=%s: %s",
			path, r < 0 ? strerror(-r) : "the place is taken");
	rebind->at[index].told = true;
	return false;
}

uint64_t rebind_tend(struct rebind *rebind, struct listeners *listeners, struct fcgi_loop *loop,
	struct upgrade *upgrade)
{
	bool any = false, bound = false, due = clock_now_ms() >= rebind->look_ms;
	for (size_t i = 0; i < listeners->count; i++) {
		if (!listeners->at[i].unlink_path)
			continue;
		any = true;
		bound |= due && look(rebind, i, listeners, loop);
	}
	if (bound)
		upgrade_listen(upgrade);
	if (due)
		rebind->look_ms = clock_now_ms() + LOOK_MS;
	return any ? rebind->look_ms : CLOCK_NEVER;
}
