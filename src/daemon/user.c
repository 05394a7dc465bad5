/* SPDX-License-Identifier: MIT */
#include "src/daemon/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static const struct passwd *find_user(const char *name)
{
	const struct passwd *user = getpwnam(name);
	if (!user)
		log_error("the configuration names a user that does not exist: %s", name);
	return user;
}

static int find_group(const char *name, gid_t *gid)
{
	const struct group *group = getgrnam(name);
	if (!group) {
		log_error("the configuration names a group that does not exist: %s", name);
		return -ENOENT;
	}
	*gid = group->gr_gid;
	return 0;
}

/* The web server needs the sockets, and the daemon's user may be another than the one that made
 * them. */
static int own_sockets(const struct listeners *listeners, uid_t uid, gid_t gid)
{
	for (size_t i = 0; i < listeners->count; i++) {
		const char *path = listeners->at[i].unlink_path;
		if (!path || lchown(path, uid, gid) == 0)
			continue;
		int r = -errno;
		log_error("cannot change the owner of %s: %s", path, strerror(-r));
		return r;
	}
	return 0;
}

static int change_user(const char *name, uid_t uid, gid_t gid)
{
	if (initgroups(name, gid) == 0 && setresgid(gid, gid, gid) == 0 &&
		setresuid(uid, uid, uid) == 0)
		return 0;
	int r = -errno;
	log_error("cannot become the user %s: %s", name, strerror(-r));
	return r;
}

uid_t user_get_uid(const struct config *config)
{
	if (!config->user)
		return geteuid();
	const struct passwd *user = getpwnam(config->user);
	return user ? user->pw_uid : (uid_t)-1;
}

int user_become(const struct config *config, const struct listeners *listeners)
{
	bool changes = config->user && geteuid() == 0;
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1, socket_gid = (gid_t)-1;
	if (changes) {
		const struct passwd *user = find_user(config->user);
		if (!user)
			return -ENOENT;
		uid = user->pw_uid;
		gid = socket_gid = user->pw_gid;
	}
	int r = config->socket_group ? find_group(config->socket_group, &socket_gid) : 0;
	if (r == 0)
		r = own_sockets(listeners, uid, socket_gid);
	if (r == 0 && changes)
		r = change_user(config->user, uid, gid);
	if (r == 0 && geteuid() == 0)
		log_warning("the daemon runs as root: set `user` in the configuration");
	return r;
}
