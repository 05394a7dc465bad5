/* SPDX-License-Identifier: MIT */
#include "spawn/quiet.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The C library ignores its own two signals since posix_spawn, and its sigaction refuses to change
 * them. Where a constructor has set a handler for one, that stays. Eight words hold the kernel's
 * structure on every machine. */
static void restore_private_signals(void)
{
	for (int signal = 32; signal <= 33; signal++) {
		unsigned long action[8] = {0};
		if (syscall(SYS_rt_sigaction, signal, NULL, action, 8) == 0 &&
			action[0] == (unsigned long)SIG_IGN) {
			action[0] = (unsigned long)SIG_DFL;
			syscall(SYS_rt_sigaction, signal, action, NULL, 8);
		}
	}
}

int quiet_begin(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	restore_private_signals();
	const struct rlimit no_core = {0, 0};
	setrlimit(RLIMIT_CORE, &no_core);
	umask(077);
	return chdir("/") < 0 ? -errno : 0;
}
