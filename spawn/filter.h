/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FILTER_H
#define SPAWN_FILTER_H

/*
 * The seccomp(2) programs for jobs. Compiled once by the daemon (filter_compile.c, the only place that knows libseccomp) into a
 * memory file, which whoever starts jobs maps (filter.c: no library, no state; for a holder, too).
 */

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spawn/job.h"

enum filter_kind {
	FILTER_HOLD, /* `off` without a pid namespace: nothing leaves its process group or becomes a child of the daemon */
	FILTER_STANDARD, /* HOLD, and no system call that no converter needs */
	FILTER_STRICT,	 /* only those that a converter needs, within one process */
	FILTER_WATCH, /* for a spawner itself: tells it of the calls that only an attacker makes */
	FILTER_KINDS,
};

struct filters {
	struct sock_fprog programs[FILTER_KINDS]; /* len 0: there is none */
	/* STRICT lets pass an execve whose fifth and sixth argument, which mean nothing to the kernel, are these: the spawner's
	 * own. Nobody else knows them. */
	uint64_t exec_keys[2];
};

/* Maps the file, for good. Returns 0 or -errno; -EPROTO: it is not one of ours. The descriptor stays the caller's. */
int filters_map(int fd, struct filters *out);

/* What a job of this level gets; NULL: nothing. */
const struct sock_fprog *filters_get(
	const struct filters *filters, enum job_confine level, bool namespaced);

/* Can the kernel filter at all? */
bool filters_supported(void);

struct filters_options {
	bool watch; /* with FILTER_WATCH, as far as the kernel can; else the calls that it would tell of end a job (SIGSYS) */
	bool exec;  /* STRICT lets the first execve pass; false, for a holder: none */
};

/* Returns the sealed memory file or -errno. */
int filters_compile(const struct filters_options *options);

/* For the daemon itself, which starts programs and stays alive: the calls of FILTER_WATCH fail with EPERM. Installs it in this
 * thread and whatever it starts; needs no_new_privs. Returns 0 or -errno. */
int filters_restrict_daemon(void);

/* The name of a call that FILTER_WATCH told of, into `name`. */
enum { FILTER_NAME_MAX = 28 };
void filters_call_name(uint32_t arch, int number, char name[FILTER_NAME_MAX]);

#endif
