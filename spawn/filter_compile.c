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
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "spawn/filter_calls.h"
#include "spawn/filter_image.h"

#if defined(__x86_64__)
#define SIBLING SCMP_ARCH_X86
#define SIBLING_LINKER "/lib/ld-linux.so.2"
#elif defined(__aarch64__)
#define SIBLING SCMP_ARCH_ARM
#define SIBLING_LINKER "/lib/ld-linux-armhf.so.3"
#endif

#ifdef __s390__
enum { CLONE_FLAGS = 1 };
#else
enum { CLONE_FLAGS = 0 };
#endif

static const unsigned long clone_flags_refused[] = {CLONE_PARENT, CLONE_NEWNS, CLONE_NEWCGROUP,
	CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET};

/* 0, or what libseccomp says; a call that this machine does not have is no error. */
static int add(scmp_filter_ctx filter, uint32_t action, const char *const *names)
{
	for (; *names; names++) {
		int number = seccomp_syscall_resolve_name(*names);
		if (number == __NR_SCMP_ERROR)
			continue;
		int r = seccomp_rule_add(filter, action, number, 0);
		if (r < 0 && r != -EDOM && r != -EEXIST && r != -EACCES)
			return r;
	}
	return 0;
}

static int refuse_clone_flags(scmp_filter_ctx filter, size_t count)
{
	int r = 0;
	for (size_t i = 0; i < count && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			SCMP_CMP(CLONE_FLAGS, SCMP_CMP_MASKED_EQ, clone_flags_refused[i],
				clone_flags_refused[i]));
	return r;
}

static int fill_hold(scmp_filter_ctx filter)
{
	static const char *const clone3[] = {"clone3", NULL};
	int r = add(filter, SCMP_ACT_ERRNO(0), filter_calls_no_effect);
	if (r == 0)
		r = add(filter, SCMP_ACT_ERRNO(ENOSYS), clone3);
	return r == 0 ? refuse_clone_flags(filter, 1) : r;
}

/* Characters into the terminal, which the next reader takes for typed. */
static int refuse_typing(scmp_filter_ctx filter)
{
	static const scmp_datum_t requests[] = {0x5412 /* TIOCSTI */, 0x541c /* TIOCLINUX */};
	int r = 0;
	for (size_t i = 0; i < 2 && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, requests[i]));
	return r;
}

static int fill_standard(scmp_filter_ctx filter, bool watch)
{
	const size_t flags = sizeof clone_flags_refused / sizeof *clone_flags_refused;
	int r = add(filter, SCMP_ACT_ERRNO(0), filter_calls_no_effect);
	if (r == 0)
		r = add(filter, SCMP_ACT_ERRNO(ENOSYS), filter_calls_enosys);
	if (r == 0)
		r = add(filter, SCMP_ACT_ERRNO(EACCES), filter_calls_eacces);
	if (r == 0)
		r = add(filter, SCMP_ACT_ERRNO(EPERM), filter_calls_eperm);
	if (r == 0 && !watch)
		r = add(filter, SCMP_ACT_KILL_PROCESS, filter_calls_hostile);
	if (r == 0)
		r = refuse_clone_flags(filter, flags);
	return r == 0 ? refuse_typing(filter) : r;
}

static int allow_threads(scmp_filter_ctx filter)
{
	const unsigned long thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
	unsigned long mask = thread;
	for (size_t i = 0; i < sizeof clone_flags_refused / sizeof *clone_flags_refused; i++)
		mask |= clone_flags_refused[i];
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		SCMP_CMP(CLONE_FLAGS, SCMP_CMP_MASKED_EQ, mask, thread));
}

/* Is it a terminal, how large, how much is in the pipe; and what fcntl can do as well. */
static int allow_questions(scmp_filter_ctx filter)
{
	static const scmp_datum_t requests[] = {
		TCGETS, TIOCGWINSZ, FIONREAD, FIOCLEX, FIONCLEX, FIONBIO};
	int r = 0;
	for (size_t i = 0; i < sizeof requests / sizeof *requests && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, requests[i]));
	return r;
}

static int fill_strict(scmp_filter_ctx filter, bool watch, const uint64_t *exec_keys)
{
	int r = add(filter, SCMP_ACT_ALLOW, filter_calls_strict);
	if (r == 0)
		r = add(filter, watch ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS,
			filter_calls_hostile);
	if (r == 0)
		r = add(filter, SCMP_ACT_ERRNO(EACCES), filter_calls_eacces);
	if (r == 0)
		r = add(filter, SCMP_ACT_ERRNO(EPERM), filter_calls_eperm);
	if (r == 0)
		r = add(filter, SCMP_ACT_ERRNO(0), filter_calls_no_effect);
	if (r == 0)
		r = allow_threads(filter);
	if (r == 0)
		r = allow_questions(filter);
	if (r == 0 && exec_keys)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(execve), 2,
			SCMP_A4(SCMP_CMP_EQ, exec_keys[0], 0), SCMP_A5(SCMP_CMP_EQ, exec_keys[1], 0));
	return r;
}

static int fill_watch(scmp_filter_ctx filter)
{
	/* it only watches: `off` jobs have it, too */
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	return r == 0 ? add(filter, SCMP_ACT_NOTIFY, filter_calls_hostile) : r;
}

static bool has_sibling_programs(void)
{
#ifdef SIBLING
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
#ifdef SIBLING
	if (r == 0 && sibling)
		r = seccomp_arch_add(filter, SIBLING);
#endif
	if (r == 0)
		return filter;
	seccomp_release(filter);
	return NULL;
}

/* Appends the program to the file. Returns its length in instructions or -errno. */
static int append(scmp_filter_ctx filter, int fd)
{
	off_t before = lseek(fd, 0, SEEK_CUR);
	int r = seccomp_export_bpf(filter, fd);
	if (r < 0)
		return r;
	off_t after = lseek(fd, 0, SEEK_CUR);
	return before < 0 || after < 0
		       ? -errno
		       : (int)((after - before) / (off_t)sizeof(struct sock_filter));
}

static int compile(enum filter_kind kind, const struct filters_options *options, bool watch,
	struct filter_image *image, int fd)
{
	bool strict = kind == FILTER_STRICT;
	if (kind == FILTER_WATCH && !watch)
		return 0;
	bool sibling = !strict && (kind != FILTER_STANDARD || has_sibling_programs());
	scmp_filter_ctx filter =
		new_filter(strict ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_ALLOW, sibling);
	if (!filter)
		return -ENOMEM;
	int r;
	if (kind == FILTER_HOLD)
		r = fill_hold(filter);
	else if (kind == FILTER_STANDARD)
		r = fill_standard(filter, watch);
	else if (kind == FILTER_STRICT)
		r = fill_strict(filter, watch, options->exec ? image->exec_keys : NULL);
	else
		r = fill_watch(filter);
	if (r == 0)
		r = append(filter, fd);
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
	bool watch = options->watch && can_notify();
	if (getrandom(image.exec_keys, sizeof image.exec_keys, 0) != sizeof image.exec_keys)
		return -EIO;
	if (!options->exec)
		memset(image.exec_keys, 0, sizeof image.exec_keys);
	if (lseek(fd, sizeof image, SEEK_SET) < 0)
		return -errno;
	int r = 0;
	for (enum filter_kind kind = 0; kind < FILTER_KINDS && r == 0; kind++)
		r = compile(kind, options, watch, &image, fd);
	if (r < 0)
		return r;
	if (pwrite(fd, &image, sizeof image, 0) != (ssize_t)sizeof image ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) <
			0)
		return -errno;
	return fd_take(&fd);
}

int filters_restrict_daemon(void)
{
	/* LeakSanitizer looks at its own process that way. */
#ifdef __SANITIZE_ADDRESS__
	const char *const *names = filter_calls_hostile + 1;
#else
	const char *const *names = filter_calls_hostile;
#endif
	scmp_filter_ctx filter = new_filter(SCMP_ACT_ALLOW, true);
	if (!filter)
		return -ENOMEM;
	int r = add(filter, SCMP_ACT_ERRNO(EPERM), names);
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
