/* SPDX-License-Identifier: MIT */
/*
 * The headers that sluice is built with may be older than the kernel that it runs on. So newer
 * numbers are defined here, and the version at run time decides which are used. The kernel refuses
 * a rule with a right that makes no sense for a file, such as listing it. That is why there are two
 * masks.
 */
#include "spawn/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/testhook.h"

#define ACCESS_REFER (UINT64_C(1) << 13)     /* 2 */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)  /* 3 */
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15) /* 5 */
#define NET_BIND_TCP (UINT64_C(1) << 0)	     /* 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)   /* 4 */
#define SCOPE_ABSTRACT (UINT64_C(1) << 0)    /* 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)	     /* 6 */

enum { ABI_REFER = 2, ABI_NET = 4, ABI_IOCTL_DEV = 5 };

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define KEEP                                                                                       \
	(READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                    \
		LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |                     \
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO |                       \
		LANDLOCK_ACCESS_FS_MAKE_SYM | ACCESS_REFER | ACCESS_TRUNCATE)

static const uint64_t uses[] = {
	[LANDLOCK_READ] = READ,
	[LANDLOCK_RUN] = READ | LANDLOCK_ACCESS_FS_EXECUTE,
	[LANDLOCK_DEVICE] =
		LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE,
	[LANDLOCK_KEEP] = KEEP,
	[LANDLOCK_SERVE] = KEEP | LANDLOCK_ACCESS_FS_MAKE_SOCK,
};

static const uint64_t for_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				  LANDLOCK_ACCESS_FS_READ_FILE | ACCESS_TRUNCATE | ACCESS_IOCTL_DEV;

static uint64_t known_to(int abi)
{
	uint64_t known = ACCESS_REFER - 1;
	if (abi >= ABI_REFER)
		known |= ACCESS_REFER;
	if (abi >= LANDLOCK_ABI_TRUNCATE)
		known |= ACCESS_TRUNCATE;
	if (abi >= ABI_IOCTL_DEV)
		known |= ACCESS_IOCTL_DEV;
	return known;
}

static long ask_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

int landlock_refusal(void)
{
	return ask_version() < 0 ? errno : ENOSYS;
}

int landlock_abi(void)
{
	long r = ask_version();
	int abi = r < 0 ? 0 : (int)r;
	const char *most = testhook("SLUICE_TEST_LANDLOCK_ABI");
	int limit = most ? (int)strtol(most, NULL, 10) : abi;
	return abi < limit ? abi : limit;
}

int landlock_new(int abi, bool scoped)
{
	struct {
		uint64_t fs, net, scopes;
	} attr = {known_to(abi), 0, 0};
	size_t size = sizeof attr.fs;
	if (abi >= ABI_NET) {
		attr.net = NET_BIND_TCP | NET_CONNECT_TCP;
		size += sizeof attr.net;
	}
	if (abi >= LANDLOCK_ABI_SCOPE && scoped) {
		attr.scopes = SCOPE_ABSTRACT | SCOPE_SIGNAL;
		size += sizeof attr.scopes;
	}
	long fd = syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	return fd < 0 ? -errno : (int)fd;
}

uint64_t landlock_rights(int abi, int fd, enum landlock_use use)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return 0;
	uint64_t rights = uses[use] & known_to(abi);
	return S_ISDIR(st.st_mode) ? rights : rights & for_files;
}

int landlock_allow(int ruleset, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr attr = {.allowed_access = rights, .parent_fd = fd};
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) < 0)
		return -errno;
	return 0;
}

int landlock_restrict(int ruleset)
{
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}
