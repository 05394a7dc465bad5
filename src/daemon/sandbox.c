/* SPDX-License-Identifier: MIT */
/*
 * The daemon parses what the network sends, so it gives up every right that a running daemon does
 * not need. It keeps the right to read everywhere, because a reload may name another root, and its
 * user already limits what it can read.
 */
#include "src/daemon/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "fcgi/listener.h"
#include "spawn/confinement.h"
#include "src/daemon/namespace_remedy.h"

struct gap {
	bool there;
	bool breaks; /* a promise of doc/security.md */
	const char *what;
	const char *because; /* may be NULL */
};

enum { GAPS = 3 };

static bool has_level(const struct config *config, enum recipe_confine level)
{
	for (size_t i = 0; i < config->recipe_count; i++)
		if (config->recipes[i]->confine == level)
			return true;
	return false;
}

static const char *words_of_landlock(int refusal)
{
	switch (refusal) {
	case ENOSYS:
		return "converters are not confined to their files: this kernel has no Landlock, "
		       "or a filter of system calls hides it: ENOSYS";
	case EOPNOTSUPP:
		return "converters are not confined to their files: Landlock is switched off: "
		       "EOPNOTSUPP; add landlock to the boot parameter lsm";
	default:
		return "converters are not confined to their files: a profile of system calls "
		       "refuses landlock_create_ruleset; allow it, landlock_add_rule and "
		       "landlock_restrict_self";
	}
}

/* An older version of Landlock is no gap: the filter refuses what it does not cover. Without pid
 * namespaces a job of `strict` reaches nothing more: the tables of doc/security.md. */
static void find_gaps(
	const struct spawner *spawner, const struct config *config, struct gap gaps[GAPS])
{
	struct confinement_support support =
		confinement_get_support(spawner_get_confinement(spawner));
	gaps[0] = (struct gap){
		support.landlock == 0, true, words_of_landlock(support.landlock_refusal), NULL};
	gaps[1] = (struct gap){!support.seccomp, true,
		"converters may make all system calls: this kernel has no seccomp filters", NULL};
	bool namespaces = spawner_has_namespaces(spawner);
	gaps[2] = (struct gap){!namespaces, has_level(config, RECIPE_CONFINE_STANDARD),
		"converters can see the pids of all processes, and only a filter keeps them from "
		"signalling them: jobs get no pid namespaces",
		namespaces ? NULL : namespace_remedy()};
}

int sandbox_check(const struct spawner *spawner, const struct config *config)
{
	struct gap gaps[GAPS];
	int r = 0;
	find_gaps(spawner, config, gaps);
	for (size_t i = 0; i < GAPS && config->confine_required; i++) {
		if (!gaps[i].there || !gaps[i].breaks)
			continue;
		log_error("confine = required, but %s%s%s", gaps[i].what,
			gaps[i].because ? ", because " : "",
			gaps[i].because ? gaps[i].because : "");
		r = -ENOTSUP;
	}
	return r;
}

void sandbox_report(const struct spawner *spawner, const struct config *config)
{
	struct gap gaps[GAPS];
	find_gaps(spawner, config, gaps);
	for (size_t i = 0; i < GAPS; i++)
		if (gaps[i].there)
			log_warning("%s%s%s", gaps[i].what, gaps[i].because ? ", because " : "",
				gaps[i].because ? gaps[i].because : "");
	for (size_t i = 0; i < config->recipe_count; i++)
		if (config->recipes[i]->confine == RECIPE_CONFINE_OFF)
			log_warning("recipe '%s' is not confined: confine = off",
				config->recipes[i]->name);
}

/* "/a/b/c" → "/a/b". NULL when that would be "/". */
static const char *directory_of(const char *path, char buffer[PATH_MAX])
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	if (!slash || slash == path || slash - path >= PATH_MAX)
		return NULL;
	snprintf(buffer, PATH_MAX, "%.*s", (int)(slash - path), path);
	return buffer;
}

int sandbox_enter(const struct starter *starter, const struct config *config, bool cached,
	const char *const *socket_paths)
{
	static char buffers[LISTENER_MAX + 2][PATH_MAX];
	const char *writable[LISTENER_MAX + 5] = {config->temp_path};
	size_t count = 1;
	if (has_level(config, RECIPE_CONFINE_OFF))
		return 0;
	/* Only a log file is opened again later; syslog and the journal are sockets. */
	const char *file = config->log && config->log[0] == '/' ? config->log : NULL;
	const char *directory = directory_of(file, buffers[0]);
	if (directory)
		writable[count++] = directory;
	if (config->cache_path)
		writable[count++] = config->cache_path;
	/* The store is to be opened later: in a directory that is made, or a volume that is mounted
	 * there, and a rule for what is there now would not hold for either. */
	if (!cached && (directory = directory_of(config->cache_path, buffers[LISTENER_MAX + 1])))
		writable[count++] = directory;
	for (size_t i = 0; i < LISTENER_MAX && socket_paths[i]; i++)
		if ((directory = directory_of(socket_paths[i], buffers[i + 1])))
			writable[count++] = directory;
	return confinement_enter(spawner_get_confinement(starter->spawner), writable);
}
