/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FILTER_H
#define SPAWN_FILTER_H

/*
 * The seccomp(2) programs for jobs. The daemon compiles them once into a memory file
 * (filter_compile.c, with libseccomp). Each process that starts jobs maps the file (filter.c: no
 * library, no state).
 */

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spawn/job.h"

enum filter_kind {
	FILTER_HOLD, /* `off` without a pid namespace: nothing leaves its process group or becomes a
			child of the daemon */
	FILTER_WATCH, /* for a spawner itself: tells it of the calls that only an attacker makes */
	FILTER_WATCH_SIGNALS, /* and of signals to single processes, where Landlock does not look at
				 them */
	/* For jobs, FILTER_JOBS + a sum of the following. */
	FILTER_JOBS,
	FILTER_FEWEST = 1,  /* `strict`: only the calls that a converter needs, within one process;
			       else all but those that none needs */
	FILTER_WATCHED = 2, /* what FILTER_WATCH tells of passes; else it ends the job (SIGSYS) */
	FILTER_PLAIN =
		4, /* no pid namespace: nothing that would reach other processes of the user */
	FILTER_ENDING = 8, /* with FILTER_WATCHED: ends the job all the same, since another filter
			      may answer first */
	FILTER_LAYER = 16, /* times an enum filter_layer */
	FILTER_KINDS = FILTER_JOBS + 3 * FILTER_LAYER,
};

/*
 * A filter costs each process that installs it, and nothing the one that inherits it. So a holder
 * whose jobs all have one level installs the larger part of their filter, once, and each job a
 * short one. The kernel asks both, and the stricter answer counts: together they answer as the
 * whole.
 */
enum filter_layer {
	FILTER_WHOLE,
	FILTER_HELD, /* all but what a holder and its standbys do themselves */
	FILTER_REST, /* for what the former lets pass for them */
};

struct filters {
	struct sock_fprog programs[FILTER_KINDS]; /* len 0: there is none */
	/* Known to the spawner alone. `strict` lets an execve pass when its fifth and sixth
	 * argument, which the kernel ignores, are these. FILTER_WATCH_SIGNALS lets a kill pass when
	 * its third argument is the first of them. */
	uint64_t keys[2];
	bool watched; /* this process, and so its jobs, has one of the two WATCH filters */
	bool ending; /* a filter that is not ours was there before: its error would be the answer to
			a forbidden call, without a notification */
};

/* Maps the file, for good. Returns 0 or -errno; -EPROTO: it is not one of ours. The descriptor
 * stays the caller's. */
int filters_map(int fd, struct filters *out);

/* What a job of this level gets, into *out; NULL: it needs none, or there are none at all (filters
 * is empty). Returns 0, or -ENOSYS when there should be one: then the job must not be started. */
int filters_get(const struct filters *filters, enum job_confine level, bool namespaced,
	const struct sock_fprog **out);

/* The same of a layer. FILTER_HELD may be NULL also where jobs get a filter: then it is not made in
 * layers, and each job needs the whole. FILTER_REST is for a process that has FILTER_HELD of the
 * same level. */
int filters_get_layer(const struct filters *filters, enum job_confine level, bool namespaced,
	enum filter_layer layer, const struct sock_fprog **out);

/* Of one program, in instructions. */
enum { FILTER_LENGTH_MAX = 2048 };

/* Placeholders for the number of the process that installs the filter, and for its negative:
 * child_install_filter. No process has such a number. */
#define FILTER_SELF UINT32_C(0x5e1f5e1f)
#define FILTER_SELF_GROUP (UINT32_C(0) - FILTER_SELF)

/* Can the kernel filter at all? */
bool filters_supported(void);

struct filters_options {
	/* For a holder, whose jobs can read all that it knows: there are no keys. So `strict` lets
	 * no execve pass, and no process is asked about signals. */
	bool holder;
	int landlock; /* its version: what it does not look at is refused here */
};

/* Returns the sealed memory file or -errno. */
int filters_compile(const struct filters_options *options);

/* For the daemon itself: the calls of FILTER_WATCH fail with EPERM, and sockets of networks with
 * EACCES. Installs the filter in this thread; all that it starts inherits it. Needs no_new_privs.
 * Returns 0 or -errno. */
int filters_restrict_daemon(int landlock);

/* The name of a call that FILTER_WATCH told of, into `name`. */
enum { FILTER_NAME_MAX = 28 };
void filters_call_name(uint32_t arch, int number, char name[FILTER_NAME_MAX]);

#endif
