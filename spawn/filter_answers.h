/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FILTER_ANSWERS_H
#define SPAWN_FILTER_ANSWERS_H

/* What may be answered to a call, some after a look at its arguments. */

#include <stddef.h>
#include <stdint.h>

#include "spawn/filter_program.h"

enum filter_answer {
	FILTER_ALLOW,
	FILTER_NO_EFFECT,
	FILTER_EPERM,
	FILTER_EACCES,
	FILTER_ENOSYS,
	FILTER_ENOTSUP,
	FILTER_KILL,
	FILTER_NOTIFY,
	FILTER_NOTIFY_KILL,    /* kill(2), unless it is to the own group, or has the key */
	FILTER_CLONE_PARENT,   /* clone(2), but not with CLONE_PARENT */
	FILTER_CLONE,	       /* nor with a namespace */
	FILTER_THREADS,	       /* clone(2) for threads */
	FILTER_REQUESTS,       /* ioctl(2) but for some */
	FILTER_REQUESTS_PLAIN, /* and no signals to others by it */
	FILTER_QUESTIONS,      /* only some */
	FILTER_OWNERS,	       /* fcntl(2), but no signals to others by it */
	FILTER_PAIR,	       /* socketpair(2), only connected ones */
	FILTER_LOCAL,	       /* socket(2), only local ones */
	FILTER_EXECVE,	       /* with the keys */
	FILTER_SIGNALS,	       /* to the own process and its group */
	FILTER_SELF_FIRST,     /* only the caller, that is 0, in the first argument */
	FILTER_SELF_PRIORITY,  /* in the second one, and not PRIO_USER in the first */
	FILTER_SELF_DISK,      /* the same for IOPRIO_WHO_USER */
	FILTER_ANSWERS,
};

/* Puts the answer, if it has no place yet in `places` (0: none). Returns it. */
size_t filter_answer_put(struct filter_program *program, enum filter_answer answer,
	const uint64_t *keys, size_t places[FILTER_ANSWERS]);

#endif
