/* SPDX-License-Identifier: MIT */
/*
 * libseccomp knows the names and numbers of calls on every machine. The programs themselves are
 * made here. The processes that start jobs do without the library, which allocates memory: they get
 * the finished programs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "spawn/filter.h"
#include "spawn/filter_image.h"
#include "spawn/filter_rules.h"
#include "spawn/landlock.h"

static struct filter_rules rules_of(
	unsigned kind, const struct filters_options *options, const uint64_t *keys)
{
	const bool signals = options->landlock < LANDLOCK_ABI_SCOPE;
	if (kind == FILTER_HOLD)
		return (struct filter_rules){.kind = FILTER_RULES_HOLD, .sibling = true};
	if (kind < FILTER_JOBS)
		return (struct filter_rules){
			.kind = FILTER_RULES_WATCH,
			.signals = kind == FILTER_WATCH_SIGNALS,
			.sibling = true,
			.keys = keys,
		};
	unsigned job = kind - FILTER_JOBS;
	bool strict = job & FILTER_FEWEST;
	return (struct filter_rules){
		.layer = (enum filter_layer)(job / FILTER_LAYER),
		.kind = strict ? FILTER_RULES_STRICT : FILTER_RULES_STANDARD,
		.watched = job & FILTER_WATCHED,
		.ending = job & FILTER_ENDING,
		.plain = job & FILTER_PLAIN,
		.truncate = options->landlock < LANDLOCK_ABI_TRUNCATE,
		.signals = signals,
		.signals_watched = job & FILTER_WATCHED && !options->holder,
		.sibling = !strict && filter_rules_has_sibling(),
		.keys = options->holder ? NULL : keys,
	};
}

/* Appends the program to the file. Returns its length in instructions or -errno. */
static int append(const struct filter_rules *rules, struct filter_program *program, int fd)
{
	int r = filter_rules_put(program, rules);
	size_t length = FILTER_LENGTH_MAX - program->begin;
	if (r == 0)
		r = fd_write_all(
			fd, program->code + program->begin, length * sizeof *program->code);
	return r < 0 ? r : (int)length;
}

static bool can_notify(void)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static int compile_all(const struct filters_options *options, struct filter_image *image, int fd)
{
	const bool can_watch = can_notify();
	struct filter_program *program = malloc(sizeof *program);
	int r = program ? 0 : -ENOMEM;
	for (unsigned kind = 0; kind < FILTER_KINDS && r >= 0; kind++) {
		unsigned job = kind >= FILTER_JOBS ? kind - FILTER_JOBS : 0;
		bool watch = kind == FILTER_WATCH || kind == FILTER_WATCH_SIGNALS ||
			     job & (FILTER_WATCHED | FILTER_ENDING);
		bool none = (job & FILTER_ENDING && !(job & FILTER_WATCHED)) ||
			    (kind == FILTER_WATCH_SIGNALS && options->holder);
		const struct filter_rules rules = rules_of(kind, options, image->keys);
		none |= rules.layer != FILTER_WHOLE &&
			(!options->holder || !filter_rules_has_layers(&rules));
		if (none || (watch && !can_watch))
			continue;
		r = append(&rules, program, fd);
		image->lengths[kind] = (uint32_t)r;
	}
	free(program);
	return r < 0 ? r : 0;
}

int filters_compile(const struct filters_options *options)
{
	struct filter_image image = {.magic = FILTER_IMAGE_MAGIC};
	FD_CLEANUP int fd = memfd_create("sluice-filters", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (getrandom(image.keys, sizeof image.keys, 0) != sizeof image.keys)
		return -EIO;
	/* An argument of a system call is a word of the machine. */
	for (size_t i = 0; i < 2; i++)
		image.keys[i] = options->holder ? 0 : (unsigned long)image.keys[i];
	if (lseek(fd, sizeof image, SEEK_SET) < 0)
		return -errno;
	int r = compile_all(options, &image, fd);
	if (r < 0)
		return r;
	if (pwrite(fd, &image, sizeof image, 0) != (ssize_t)sizeof image ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) <
			0)
		return -errno;
	return fd_take(&fd);
}

int filters_restrict_daemon(int landlock)
{
	const struct filter_rules rules = {
		.kind = FILTER_RULES_DAEMON,
		.truncate = landlock < LANDLOCK_ABI_TRUNCATE,
		.sibling = true,
	};
	struct filter_program *program = malloc(sizeof *program);
	if (!program)
		return -ENOMEM;
	int r = filter_rules_put(program, &rules);
	const struct sock_fprog filter = {
		.len = (unsigned short)(FILTER_LENGTH_MAX - program->begin),
		.filter = program->code + program->begin,
	};
	if (r == 0 && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
		r = -errno;
	free(program);
	return r;
}

void filters_call_name(uint32_t arch, int number, char name[FILTER_NAME_MAX])
{
	char *found = seccomp_syscall_resolve_num_arch(arch, number);
	if (found)
		snprintf(name, FILTER_NAME_MAX, "%s", found);
	else
		snprintf(name, FILTER_NAME_MAX, "number %d", number);
	free(found);
}
