/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_CALL_NOTICE_H
#define SPAWN_CALL_NOTICE_H

/* What the kernel says of a system call to a listener, and what it is told
 * (seccomp_unotify(2)). A later kernel may write more than its structures have today. */

#include <linux/seccomp.h>

#ifndef SECCOMP_USER_NOTIF_FLAG_CONTINUE
#define SECCOMP_USER_NOTIF_FLAG_CONTINUE (1UL << 0)
#endif

union call_notice {
	struct seccomp_notif notif;
	char room[256];
};

union call_verdict {
	struct seccomp_notif_resp resp;
	char room[256];
};

#endif
