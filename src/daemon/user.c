/* SPDX-License-Identifier: MIT */
#include "src/daemon/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* The web server needs the socket, and we may not be who made it. */
static int own_sockets(const struct listener *listeners, size_t count, uid_t uid, gid_t gid)
{
	for (size_t i = 0; i < count; i++) {
		const char *path = listeners[i].unlink_path;
		if (path && lchown(path, uid, gid) < 0)
			return -errno;
	}
	return 0;
}

uid_t user_get_uid(const struct config *config)
{
	if (!config->user)
		return geteuid();
	const struct passwd *user = getpwnam(config->user);
	return user ? user->pw_uid : (uid_t)-1;
}

int user_become(const struct config *config, const struct listener *listeners, size_t count)
{
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;
	struct passwd *user = NULL;
	if (config->user && geteuid() == 0) {
		user = getpwnam(config->user);
		if (!user) {
			log_error("no such user: %s", config->user);
			return -ENOENT;
		}
		uid = user->pw_uid;
		gid = user->pw_gid;
	}
	if (config->socket_group) {
		struct group *group = getgrnam(config->socket_group);
		if (!group) {
			log_error("no such group: %s", config->socket_group);
			return -ENOENT;
		}
		gid = group->gr_gid;
	}
	int r = own_sockets(listeners, count, uid, gid);
	if (r == 0 && user &&
		(initgroups(config->user, user->pw_gid) < 0 ||
			setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
			setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0))
		r = -errno;
	if (r < 0)
		log_error("cannot become %s: %s", config->user ? config->user : "-", strerror(-r));
	else if (geteuid() == 0)
		log_warning("running as root: set `user` in the configuration");
	return r;
}
