/* SPDX-License-Identifier: MIT */
/*
 * A rule applies to the object behind its descriptor. So the descriptors are opened once, and a
 * job's rule set costs one system call for each; a process that may have few descriptors keeps the
 * paths in their place. A rule set cannot be extended after use, and a
 * second layer cannot allow what the first one refuses. So each job gets all rules in one set.
 *
 * /etc is not readable as a whole. Converters need little of it, and the rest (passwords of
 * databases, keys) is what an attacker looks for.
 */
#include "spawn/confinement.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "spawn/confinement_program.h"
#include "spawn/filter.h"
#include "spawn/landlock.h"

static const struct {
	const char *path;
	enum landlock_use use;
} places[] = {
	{"/usr", LANDLOCK_RUN},
	{"/bin", LANDLOCK_RUN},
	{"/sbin", LANDLOCK_RUN},
	{"/lib", LANDLOCK_RUN},
	{"/lib32", LANDLOCK_RUN},
	{"/lib64", LANDLOCK_RUN},
	{"/opt", LANDLOCK_RUN},
	{"/nix/store", LANDLOCK_RUN},
	{"/gnu/store", LANDLOCK_RUN},
	{"/etc/ld.so.cache", LANDLOCK_READ},
	{"/etc/ld.so.preload", LANDLOCK_READ},
	{"/etc/localtime", LANDLOCK_READ},
	{"/etc/timezone", LANDLOCK_READ},
	{"/etc/nsswitch.conf", LANDLOCK_READ},
	{"/etc/bash.bashrc", LANDLOCK_READ},
	{"/etc/fonts", LANDLOCK_READ},
	{"/etc/ImageMagick-6", LANDLOCK_READ},
	{"/etc/ImageMagick-7", LANDLOCK_READ},
	{"/etc/ghostscript", LANDLOCK_READ},
	{"/etc/papersize", LANDLOCK_READ},
	{"/etc/mime.types", LANDLOCK_READ},
	{"/etc/magic", LANDLOCK_READ},
	{"/etc/python3", LANDLOCK_READ},
	{"/etc/python3.11", LANDLOCK_READ},
	{"/etc/perl", LANDLOCK_READ},
	{"/etc/ssl/openssl.cnf", LANDLOCK_READ},
	{"/var/lib/ghostscript", LANDLOCK_READ},
	{"/var/cache/fontconfig", LANDLOCK_READ},
	{"/proc/sys", LANDLOCK_READ},
	{"/proc/cpuinfo", LANDLOCK_READ},
	{"/proc/meminfo", LANDLOCK_READ},
	{"/proc/filesystems", LANDLOCK_READ},
	{"/sys/devices/system", LANDLOCK_READ},
	{"/dev/urandom", LANDLOCK_READ},
	{"/dev/zero", LANDLOCK_DEVICE},
	{"/dev/null", LANDLOCK_DEVICE},
};
enum {
	PLACES = sizeof places / sizeof *places,
	KEEP_FILES_MIN = 512, /* with fewer descriptors than that none is spent on a place */
};

struct confinement {
	struct confinement_support support;
	int filters, holder_filters;
	struct confinement_rule rules[PLACES];
	char *names[PLACES + 1]; /* real paths of those that are to be run */
	size_t rule_count, name_count;
	bool keeps;	   /* the descriptors of the places */
	atomic_int *spare; /* a rule set with the rules that all jobs have; -1: none just now */
};

static int add_place(struct confinement *confinement, size_t i)
{
	char real[PATH_MAX];
	if (!realpath(places[i].path, real))
		return 0;
	bool run = places[i].use == LANDLOCK_RUN;
	if (run && confinement_covers(confinement->names, real))
		return 0; /* /bin is /usr/bin */
	int fd = open(real, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	struct confinement_rule *rule = &confinement->rules[confinement->rule_count++];
	*rule = (struct confinement_rule){.fd = fd,
		.rights = landlock_rights(confinement->support.landlock, fd, places[i].use),
		.use = places[i].use};
	if (!confinement->keeps) {
		fd_close(&rule->fd);
		rule->path = strdup(real);
		if (!rule->path)
			return -ENOMEM;
	}
	if (!run)
		return 0;
	char *name = strdup(real);
	confinement->names[confinement->name_count++] = name;
	return name ? 0 : -ENOMEM;
}

static int compile_filters(struct confinement *confinement)
{
	const int landlock = confinement->support.landlock;
	const struct filters_options spawner = {.landlock = landlock};
	const struct filters_options holder = {.holder = true, .landlock = landlock};
	confinement->filters = filters_compile(&spawner);
	if (confinement->filters < 0)
		return confinement->filters;
	confinement->holder_filters = filters_compile(&holder);
	return confinement->holder_filters < 0 ? confinement->holder_filters : 0;
}

int confinement_new(struct confinement **out)
{
	struct confinement *confinement = calloc(1, sizeof *confinement);
	if (!confinement)
		return -ENOMEM;
	confinement->filters = confinement->holder_filters = -1;
	confinement->spare = malloc(sizeof *confinement->spare);
	if (!confinement->spare) {
		free(confinement);
		return -ENOMEM;
	}
	atomic_init(confinement->spare, -1);
	struct rlimit limit;
	confinement->keeps =
		getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= KEEP_FILES_MIN;
	confinement->support.landlock = landlock_abi();
	if (confinement->support.landlock == 0)
		confinement->support.landlock_refusal = landlock_refusal();
	confinement->support.seccomp = filters_supported();
	int r = confinement->support.seccomp ? compile_filters(confinement) : 0;
	for (size_t i = 0; i < PLACES && confinement->support.landlock && r == 0; i++)
		r = add_place(confinement, i);
	if (r < 0) {
		confinement_free(confinement);
		return r;
	}
	confinement_prepare(confinement);
	*out = confinement;
	return 0;
}

void confinement_free(struct confinement *confinement)
{
	if (!confinement)
		return;
	for (size_t i = 0; i < confinement->rule_count; i++) {
		fd_close(&confinement->rules[i].fd);
		free(confinement->rules[i].path);
	}
	for (size_t i = 0; i < confinement->name_count; i++)
		free(confinement->names[i]);
	fd_close(&confinement->filters);
	fd_close(&confinement->holder_filters);
	int spare = atomic_load(confinement->spare);
	fd_close(&spare);
	free(confinement->spare);
	free(confinement);
}

struct confinement_support confinement_get_support(const struct confinement *confinement)
{
	return confinement->support;
}

int confinement_get_filters(const struct confinement *confinement)
{
	return confinement->filters;
}

int confinement_get_holder_filters(const struct confinement *confinement)
{
	return confinement->holder_filters;
}

/* The job's files are open already, but a program that opens /dev/fd/3 opens the file again. */
static int allow_files(int abi, int ruleset, const struct job_spec *spec)
{
	int r = 0;
	for (size_t i = 0; i < spec->file_count && r == 0; i++) {
		struct stat st;
		int fd = spec->files[i].fd;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (S_ISREG(st.st_mode))
			r = landlock_allow(ruleset, fd, landlock_rights(abi, fd, LANDLOCK_READ));
		if (r == -EBADFD || r == -EINVAL)
			r = 0; /* on no mounted file system: no rule is needed */
	}
	return r;
}

/* With the rules that all jobs have. Returns a descriptor or -errno. */
static int base_ruleset(const struct confinement *confinement)
{
	int ruleset = landlock_new(confinement->support.landlock, true);
	int r = ruleset < 0 ? ruleset : 0;
	for (size_t i = 0; i < confinement->rule_count && r == 0; i++) {
		const struct confinement_rule *rule = &confinement->rules[i];
		r = rule->path ? confinement_allow_path(confinement->support.landlock, ruleset,
					 rule->path, rule->use)
			       : landlock_allow(ruleset, rule->fd, rule->rights);
	}
	if (r < 0 && ruleset >= 0)
		fd_close(&ruleset);
	return r < 0 ? r : ruleset;
}

void confinement_prepare(const struct confinement *confinement)
{
	if (confinement->support.landlock == 0 || atomic_load(confinement->spare) >= 0)
		return;
	int none = -1, ruleset = base_ruleset(confinement);
	if (ruleset >= 0 && !atomic_compare_exchange_strong(confinement->spare, &none, ruleset))
		fd_close(&ruleset);
}

int confinement_ruleset(const struct confinement *confinement, const struct job_spec *spec, int *fd)
{
	const struct job_confinement *job = &spec->confinement;
	int abi = confinement->support.landlock;
	*fd = -1;
	if (job->level == JOB_CONFINE_OFF || abi == 0)
		return 0;
	int base = atomic_exchange(confinement->spare, -1);
	if (base < 0)
		base = base_ruleset(confinement);
	if (base < 0)
		return base;
	FD_CLEANUP int ruleset = base;
	int r = allow_files(abi, ruleset, spec);
	if (r == 0)
		r = confinement_allow_program(abi, ruleset, confinement->names, spec);
	for (char *const *path = job->read; path && *path && r == 0; path++)
		r = confinement_allow_path(abi, ruleset, *path, LANDLOCK_RUN);
	if (r == 0 && job->writable)
		r = confinement_allow_path(abi, ruleset, job->writable, LANDLOCK_KEEP);
	if (r == 0)
		*fd = fd_take(&ruleset);
	return r;
}

static bool is_below(const char *directory, const char *path)
{
	char real[PATH_MAX];
	char *const list[] = {
		realpath(directory, real) ? real : (char *)(uintptr_t)directory, NULL};
	return confinement_covers(list, path);
}

bool confinement_may_read(char *const *read, const char *program, const char *path)
{
	char real[PATH_MAX], beside[PATH_MAX];
	if (realpath(path, real))
		path = real;
	for (size_t i = 0; i < PLACES; i++)
		if (is_below(places[i].path, path))
			return true;
	for (; read && *read; read++)
		if (is_below(*read, path))
			return true;
	const char *slash = program ? strrchr(program, '/') : NULL;
	if (!slash || slash == program)
		return false;
	snprintf(beside, sizeof beside, "%.*s", (int)(slash - program), program);
	return is_below(beside, path);
}

static int restrict_files(const struct confinement *confinement, const char *const *writable)
{
	int abi = confinement->support.landlock;
	FD_CLEANUP int ruleset = landlock_new(abi, false);
	if (ruleset < 0)
		return ruleset;
	/* A spawner that is started again inherits this, and has to write its uid_map in /proc. */
	int r = confinement_allow_path(abi, ruleset, "/", LANDLOCK_RUN);
	if (r == 0)
		r = confinement_allow_path(abi, ruleset, "/proc", LANDLOCK_DEVICE);
	for (size_t i = 0; i < PLACES && r == 0; i++)
		if (places[i].use == LANDLOCK_DEVICE)
			r = confinement_allow_path(abi, ruleset, places[i].path, LANDLOCK_DEVICE);
	for (; *writable && r == 0; writable++)
		r = confinement_allow_path(abi, ruleset, *writable, LANDLOCK_SERVE);
	return r == 0 ? landlock_restrict(ruleset) : r;
}

int confinement_enter(const struct confinement *confinement, const char *const *writable)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	int r = confinement->support.landlock ? restrict_files(confinement, writable) : 0;
	return r == 0 && confinement->support.seccomp
		       ? filters_restrict_daemon(confinement->support.landlock)
		       : r;
}
