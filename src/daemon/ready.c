/* SPDX-License-Identifier: MIT */
/* The line answers what an administrator asks when the web server says 502: does it run, on which
 * socket, and may the web server open that. The sockets are asked and not the configuration: they
 * may be inherited, or taken from another daemon. */
#include "src/daemon/internal.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/text.h"
#include "src/convert/prefork.h"

enum { TEXT_MAX = 4096, SHOWN_MAX = 1024 };

/* In a user namespace (PrivateUsers= of systemd) the kernel shows every id that is not mapped as
 * the same one, whose name would mislead. */
static bool is_mapped(const char *map, unsigned id)
{
	unsigned first, count;
	bool mapped = false;
	FILE *file = fopen(map, "re");
	if (!file)
		return true;
	while (!mapped && fscanf(file, "%u %*u %u", &first, &count) == 2)
		mapped = id >= first && id - first < count;
	fclose(file);
	return mapped;
}

static void put_owner(struct text *owner, struct text *mode, const char *path)
{
	struct stat st;
	if (!path || stat(path, &st) < 0) {
		text_puts(owner, "-");
		text_puts(mode, "-");
		return;
	}
	const struct passwd *user = getpwuid(st.st_uid);
	if (!is_mapped("/proc/self/uid_map", st.st_uid))
		text_puts(owner, "?");
	else if (user)
		text_escaped(owner, user->pw_name, SHOWN_MAX);
	else
		text_count(owner, st.st_uid);
	text_puts(owner, ":");
	const struct group *group = getgrgid(st.st_gid);
	if (!is_mapped("/proc/self/gid_map", st.st_gid))
		text_puts(owner, "?");
	else if (group)
		text_escaped(owner, group->gr_name, SHOWN_MAX);
	else
		text_count(owner, st.st_gid);
	text_printf(mode, "%04o", (unsigned)st.st_mode & 07777);
}

/* Recipes whose programs are all held; the others start cold. */
static size_t count_warm(const struct server *server)
{
	const struct config *config = server->config;
	const struct starter *starter = &server->service.starter;
	size_t warm = 0;
	for (size_t i = 0; i < config->recipe_count; i++)
		warm += prefork_holds(
			starter->launcher, config, starter->temp.dir, config->recipes[i]);
	return warm;
}

void server_log_ready(const struct server *server)
{
	const struct spawner *spawner = server->service.starter.spawner;
	struct confinement_support support =
		confinement_get_support(spawner_get_confinement(spawner));
	char buffers[4][TEXT_MAX];
	struct text listen, owner, mode, root;
	text_init(&listen, buffers[0], TEXT_MAX);
	text_init(&owner, buffers[1], TEXT_MAX);
	text_init(&mode, buffers[2], TEXT_MAX);
	text_init(&root, buffers[3], TEXT_MAX);
	for (size_t i = 0; i < server->listeners.count; i++) {
		char address[LISTENER_ADDRESS_MAX];
		const char *path = listener_describe(server->listeners.at[i].fd, address);
		text_puts(&listen, i > 0 ? "," : "");
		text_puts(&owner, i > 0 ? "," : "");
		text_puts(&mode, i > 0 ? "," : "");
		text_escaped(&listen, address, SHOWN_MAX);
		put_owner(&owner, &mode, path);
	}
	text_escaped(&root, server->config->root, SHOWN_MAX);
	size_t warm = count_warm(server);
	log_notice("ready version=%s listen=\"%s\" owner=%s mode=%s root=\"%s\" recipes=%zu "
		   "warm=%zu cold=%zu namespaces=%s landlock=%d seccomp=%s",
		SLUICE_VERSION, listen.data, owner.data, mode.data, root.data,
		server->config->recipe_count, warm, server->config->recipe_count - warm,
		spawner_has_namespaces(spawner) ? "yes" : "no", support.landlock,
		support.seccomp ? "yes" : "no");
}
