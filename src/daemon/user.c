/* SPDX-License-Identifier: MIT */
#include "src/daemon/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/reach.h"
#include "base/text.h"

enum { CAUSE_MAX = 1024 };

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

/* Without root, a user can only give a file to a group that it is a member of. */
static void log_refused_owner(const char *path, uid_t uid, gid_t gid, int error)
{
	char buffer[CAUSE_MAX];
	struct text cause;
	text_init(&cause, buffer, sizeof buffer);
	text_error(&cause, error);
	if (error == EPERM && uid == (uid_t)-1) {
		text_puts(&cause, ": user ");
		reach_put_user(&cause);
		text_puts(&cause, " has to be a member of the group, or root has to start sluice");
		log_error("socket_group: cannot give %s to group %u: %s", path, (unsigned)gid,
			cause.data);
		return;
	}
	log_error(
		"cannot change the owner of %s to %d:%d: %s", path, (int)uid, (int)gid, cause.data);
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
		log_refused_owner(path, uid, gid, -r);
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

/* Only root can become another user: the operator may believe that the daemon has. */
static void report_ignored_user(const struct config *config)
{
	const struct passwd *user = config->user && geteuid() != 0 ? getpwnam(config->user) : NULL;
	if (!config->user || geteuid() == 0 || (user && user->pw_uid == geteuid()))
		return;
	char buffer[CAUSE_MAX];
	struct text own;
	text_init(&own, buffer, sizeof buffer);
	reach_put_user(&own);
	log_warning("user = %s is ignored: only root can become another user, and this process is "
		    "user %s",
		config->user, own.data);
}

static int become(const struct config *config, const struct passwd *user)
{
	int r = user ? change_user(config->user, user->pw_uid, user->pw_gid) : 0;
	if (r == 0 && geteuid() == 0)
		log_warning("running as root: set `user` in the configuration");
	return r;
}

/* *user: NULL when the process stays what it is. */
static int wanted_user(const struct config *config, const struct passwd **user)
{
	*user = config->user && geteuid() == 0 ? find_user(config->user) : NULL;
	return *user || !config->user || geteuid() != 0 ? 0 : -ENOENT;
}

int user_become_alone(const struct config *config)
{
	const struct passwd *user;
	int r = wanted_user(config, &user);
	return r == 0 ? become(config, user) : r;
}

int user_become(const struct config *config, const struct listeners *listeners)
{
	const struct passwd *user;
	gid_t socket_gid = (gid_t)-1;
	report_ignored_user(config);
	int r = wanted_user(config, &user);
	if (r < 0)
		return r;
	if (user)
		socket_gid = user->pw_gid;
	if (config->socket_group)
		r = find_group(config->socket_group, &socket_gid);
	if (r == 0)
		r = own_sockets(listeners, user ? user->pw_uid : (uid_t)-1, socket_gid);
	return r == 0 ? become(config, user) : r;
}
