/* SPDX-License-Identifier: MIT */
/* The errno of the refused call does not tell them apart: most refusals are EPERM. So the switches
 * of the system are read. Docker's profile is a filter of system calls, and so are others. */
#include "src/daemon/namespace_remedy.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"

static const struct {
	const char *file;
	long refusing;
	const char *words;
} switches[] = {
	{"/proc/sys/user/max_user_namespaces", 0,
		"user namespaces are switched off: set the sysctl user.max_user_namespaces"},
	{"/proc/sys/kernel/unprivileged_userns_clone", 0,
		"user namespaces are switched off: set the sysctl "
		"kernel.unprivileged_userns_clone to 1"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
		"AppArmor refuses user namespaces, as Ubuntu 24.04 does: load the profile that is "
		"shipped as apparmor/sluice (apparmor_parser -r)"},
};

static bool has_value(const char *file, long value)
{
	char text[32];
	FD_CLEANUP int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return strtol(text, NULL, 10) == value;
}

const char *namespace_remedy(void)
{
	/* First: where the system allows them, the filter is what is left. */
	for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
		if (has_value(switches[i].file, switches[i].refusing))
			return switches[i].words;
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER)
		return "a filter of system calls refuses clone or unshare with CLONE_NEWUSER, as "
		       "Docker's default profile does: allow it, see doc/containers.md";
	return "this system refuses user namespaces: see doc/containers.md";
}
