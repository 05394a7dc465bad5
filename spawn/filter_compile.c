/* SPDX-License-Identifier: MIT */
/*
 * libseccomp knows the numbers of every machine and sorts the comparisons into a tree, which is
 * what installing and running a filter costs. It allocates and calls whatever it likes, so it is
 * kept out of the processes that start jobs: they get the finished programs.
 *
 * Half of a filter's cost is the 32-bit sibling of the machine, so STANDARD knows it only where such
 * programs can be installed at all. Calls of an architecture that a filter does not know (x32 is
 * always one) fail with ENOSYS.
 */
#include "spawn/filter.h"

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
#include "spawn/filter_image.h"
#include "spawn/filter_prologue.h"
#include "spawn/filter_rules.h"
#include "spawn/landlock.h"

#if defined(__x86_64__)
#define SIBLING SCMP_ARCH_X86
#define SIBLING_LINKER "/lib/ld-linux.so.2"
#elif defined(__aarch64__)
#define SIBLING SCMP_ARCH_ARM
#define SIBLING_LINKER "/lib/ld-linux-armhf.so.3"
#else
#define SIBLING 0
#endif

static bool has_sibling_programs(void)
{
#ifdef SIBLING_LINKER
	return access(SIBLING_LINKER, F_OK) == 0;
#else
	return false;
#endif
}

static scmp_filter_ctx new_filter(uint32_t otherwise, bool sibling)
{
	scmp_filter_ctx filter = seccomp_init(otherwise);
	if (!filter)
		return NULL;
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (r == 0)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* only faster */
#ifdef SIBLING_LINKER
	if (r == 0 && sibling)
		r = seccomp_arch_add(filter, SIBLING);
#endif
	if (r == 0)
		return filter;
	seccomp_release(filter);
	return NULL;
}

/* Appends the program to the file. Returns its length in instructions or -errno. */
static int append(scmp_filter_ctx filter, const struct filter_prologue_options *prologue, int fd)
{
	struct sock_filter code[FILTER_PROLOGUE_MAX];
	size_t size = prologue ? filter_prologue(prologue, code) * sizeof *code : 0;
	off_t before = lseek(fd, 0, SEEK_CUR);
	int r = fd_write_all(fd, code, size);
	if (r == 0)
		r = seccomp_export_bpf(filter, fd);
	if (r < 0)
		return r;
	off_t after = lseek(fd, 0, SEEK_CUR);
	if (before < 0 || after < 0)
		return -errno;
	size_t length = (size_t)(after - before) / sizeof *code;
	return length <= FILTER_LENGTH_MAX ? (int)length : -E2BIG;
}

static int fill(scmp_filter_ctx filter, unsigned kind, const struct filter_rules *rules,
	const uint64_t *keys)
{
	if (kind == FILTER_HOLD)
		return filter_rules_hold(filter);
	if (kind < FILTER_JOBS)
		return filter_rules_watch(filter, kind == FILTER_WATCH_SIGNALS ? keys : NULL);
	return (kind - FILTER_JOBS) & FILTER_FEWEST ? filter_rules_strict(filter, rules)
						    : filter_rules_standard(filter, rules);
}

static int compile(
	unsigned kind, const struct filters_options *options, struct filter_image *image, int fd)
{
	unsigned job = kind >= FILTER_JOBS ? kind - FILTER_JOBS : 0;
	bool strict = job & FILTER_FEWEST, plain = job & FILTER_PLAIN;
	bool watched = job & FILTER_WATCHED, signals = options->landlock < LANDLOCK_ABI_SCOPE;
	bool watch = kind == FILTER_WATCH || kind == FILTER_WATCH_SIGNALS;
	if ((watch || watched) && !options->watch)
		return 0;
	bool sibling = kind < FILTER_JOBS || (!strict && has_sibling_programs());
	scmp_filter_ctx filter =
		new_filter(strict ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_ALLOW, sibling);
	if (!filter)
		return -ENOMEM;
	const struct filter_rules rules = {
		.watched = watched,
		.plain = plain,
		.truncate = options->landlock < LANDLOCK_ABI_TRUNCATE,
		.signals = signals,
		.keys = options->exec ? image->keys : NULL,
	};
	const uint32_t architectures[] = {seccomp_arch_native(), sibling ? SIBLING : 0, 0};
	const struct filter_prologue_options prologue = {
		.architectures = architectures,
		.signals = plain && signals && !watched,
		.owners = plain && signals,
	};
	int r = fill(filter, kind, &rules, image->keys);
	if (r == 0)
		r = append(filter, kind >= FILTER_JOBS ? &prologue : NULL, fd);
	seccomp_release(filter);
	if (r < 0)
		return r;
	image->lengths[kind] = (uint32_t)r;
	return 0;
}

static bool can_notify(void)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

int filters_compile(const struct filters_options *options)
{
	struct filter_image image = {.magic = FILTER_IMAGE_MAGIC};
	FD_CLEANUP int fd = memfd_create("sluice-filters", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	struct filters_options possible = *options;
	possible.watch = options->watch && can_notify();
	if (getrandom(image.keys, sizeof image.keys, 0) != sizeof image.keys)
		return -EIO;
	if (!options->exec)
		memset(image.keys, 0, sizeof image.keys);
	if (lseek(fd, sizeof image, SEEK_SET) < 0)
		return -errno;
	int r = 0;
	for (unsigned kind = 0; kind < FILTER_KINDS && r == 0; kind++)
		r = compile(kind, &possible, &image, fd);
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
	scmp_filter_ctx filter = new_filter(SCMP_ACT_ALLOW, true);
	if (!filter)
		return -ENOMEM;
	int r = filter_rules_daemon(filter, landlock < LANDLOCK_ABI_TRUNCATE);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
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
