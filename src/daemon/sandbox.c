/* SPDX-License-Identifier: MIT */
/*
 * The daemon parses what the network sends, so it gives away what it no longer needs once it is
 * ready. It may still read everywhere: a reload may name another root, and what it can read is a
 * matter of its user.
 */
#include "src/daemon/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "fcgi/listener.h"
#include "spawn/confinement.h"

struct gap {
	bool there;
	bool breaks; /* a promise of doc/security.md */
	const char *what;
};

enum { GAPS = 3 };

/* What Landlock does not look at in an older version is refused by the filter; so its version is no
 * gap. */
static void find_gaps(const struct service *service, struct gap gaps[GAPS])
{
	struct confinement_support support =
		confinement_get_support(spawner_get_confinement(service->starter.spawner));
	gaps[0] = (struct gap){support.landlock == 0, true,
		"converters are not confined to their files: this kernel has no Landlock"};
	gaps[1] = (struct gap){!support.seccomp, true,
		"converters may make all system calls: this kernel has no seccomp filters"};
	gaps[2] = (struct gap){!spawner_has_namespaces(service->starter.spawner), false,
		"converters see the numbers of all processes, and are kept from reaching them by a "
		"filter alone: no pid namespaces here (user namespaces are refused)"};
}

int sandbox_check(const struct service *service, const struct config *config)
{
	struct gap gaps[GAPS];
	int r = 0;
	find_gaps(service, gaps);
	for (size_t i = 0; i < GAPS && config->confine_required; i++) {
		if (!gaps[i].there || !gaps[i].breaks)
			continue;
		log_error("confine = required, but %s", gaps[i].what);
		r = -ENOTSUP;
	}
	return r;
}

void sandbox_report(const struct service *service, const struct config *config)
{
	struct gap gaps[GAPS];
	find_gaps(service, gaps);
	for (size_t i = 0; i < GAPS; i++)
		if (gaps[i].there)
			log_warning("%s", gaps[i].what);
	for (size_t i = 0; i < config->recipe_count; i++)
		if (config->recipes[i]->confine == RECIPE_CONFINE_OFF)
			log_warning("recipe '%s' is not confined: confine = off",
				config->recipes[i]->name);
}

static bool some_are_off(const struct config *config)
{
	for (size_t i = 0; i < config->recipe_count; i++)
		if (config->recipes[i]->confine == RECIPE_CONFINE_OFF)
			return true;
	return false;
}

/* "/a/b/c" → "/a/b"; "/" is never given. */
static const char *directory_of(const char *path, char buffer[PATH_MAX])
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	if (!slash || slash == path || slash - path >= PATH_MAX)
		return NULL;
	snprintf(buffer, PATH_MAX, "%.*s", (int)(slash - path), path);
	return buffer;
}

int sandbox_enter(
	const struct service *service, const struct config *config, const char *const *socket_paths)
{
	static char buffers[LISTENER_MAX + 1][PATH_MAX];
	const char *writable[LISTENER_MAX + 4] = {service->starter.temp_dir};
	size_t count = 1;
	if (some_are_off(config))
		return 0;
	/* Of a file that is opened again; syslog and the journal are sockets. */
	const char *file = config->log && config->log[0] == '/' ? config->log : NULL;
	const char *directory = directory_of(file, buffers[0]);
	if (directory)
		writable[count++] = directory;
	if (service->sharing.cache)
		writable[count++] = config->cache_path;
	for (size_t i = 0; i < LISTENER_MAX && socket_paths[i]; i++)
		if ((directory = directory_of(socket_paths[i], buffers[i + 1])))
			writable[count++] = directory;
	return confinement_enter(
		spawner_get_confinement(service->starter.spawner), writable, config->temp_path);
}
