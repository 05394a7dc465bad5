/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FILTER_H
#define SPAWN_FILTER_H

/* seccomp(2) programs for jobs. Constant. */

#include <linux/filter.h>

/* Where there is no pid namespace: no process of the job can leave its process group or become a
 * child of the daemon. setsid and setpgid return 0 without effect, clone with CLONE_PARENT fails
 * with EPERM, clone3 with ENOSYS (the C library then uses clone, whose flags can be looked at). */
extern const struct sock_fprog filter_hold_group;

#endif
