/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_WARM_HOLD_H
#define SPAWN_WARM_HOLD_H

/*
 * Within the held program, before its main. One thread. Memory is mapped and not allocated, because
 * the heap belongs to the program.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"
#include "spawn/filter.h"
#include "spawn/forbidden_call.h"
#include "spawn/guard.h"
#include "spawn/protocol.h"

typedef int hold_main_function(int argc, char **argv, char **envp);

/* What a process shows of itself in ps, taken over from /proc/self/stat while that can be read. */
struct hold_memory {
	bool known;
	unsigned long start_code, end_code, start_data, end_data, start_brk, start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;
};

struct hold_environment {
	char **original; /* as main would have got it, without our own variables */
	size_t slots;	 /* that the original has for pointers, the NULL not counted */
	size_t count;	 /* of its variables */
};

enum { HOLD_OWN_FDS_MAX = 64 };

/* What it waits for beside its jobs, in hold.guard.poll. */
enum { HOLD_POLL_SOCKET, HOLD_POLL_DAEMON, HOLD_POLL_STANDBY, HOLD_POLL_WATCH, HOLD_POLL_FIXED };

struct hold {
	char title[512]; /* in ps, while it waits */
	int socket;
	int daemon_pidfd;
	int null_fd;
	struct filters filters;
	struct sock_filter filter_room[FILTER_LENGTH_MAX]; /* see child_plan */
	struct forbidden_call_watch watch;
	bool namespaces;
	int confine_ahead; /* enum job_confine of all jobs; -1: they differ */
	bool layered;	   /* this process, and so its jobs, has FILTER_HELD of that level */
	bool retired;
	char **argv; /* as constructors have seen it, with HOLDER_ARGUMENTS places */
	struct hold_environment environment;
	struct hold_memory memory;
	/* Descriptors that constructors opened and may still need, ascending: each job opens
	 * them again. */
	int own_fds[HOLD_OWN_FDS_MAX];
	size_t own_fd_count;

	/* Of a standby: -errno of opening them. */
	int own_fds_error;

	/* End of file when the standby has its job or has ended, one byte before it when it was
	 * able to wait for one; -1: there is none. */
	int standby_pipe;
	unsigned failures;	/* so many standbys in a row were not able to */
	uint64_t not_before_ms; /* the next one */
	struct guard guard;

	/* Of a standby: its job. */
	struct protocol_packet packet;
	struct protocol_job job;
};

/* Waits for jobs and makes a standby for each. Returns only in a standby that has its job: then
 * hold->job says as what it has to go on. */
void hold_serve(struct hold *hold);

/* In a standby: waits for the job and does everything that stands between a new process and
 * main. Does not return without a job. */
void standby_run(struct hold *hold, int socket, int pipe);

/* What constructors left that all jobs would share, or lack: fills in own_fds. False: the
 * program cannot be held; `why` says what it was. Before any descriptor is opened that stays. */
bool leftovers_look(struct hold *hold, struct text *why);
/* The same of the signal mask: before the holder changes it. */
bool leftovers_signals(struct text *why);
/* In a standby: gives it open file descriptions of its own. Returns 0 or -errno. */
int leftovers_open_again(const struct hold *hold);

/* What stands behind a name in /proc/self/stat and prctl. */
void memory_read(struct hold_memory *memory);
/* Makes ps show these; contiguous, each ending with NUL. NULL: leaves that as it is. */
void memory_show(const struct hold_memory *memory, const char *arguments, const char *arguments_end,
	const char *variables, const char *variables_end);

/* Takes our own variables out of environ and envp; *out describes what is left. */
void environment_take(char **envp, const char *const *names, char **values, size_t count,
	struct hold_environment *out);
/* Makes `envp` the environment. It is changed in place where there is room, so that pointers which
 * the program has kept stay right. What constructors have added stays. Returns the vector. */
char **environment_replace(const struct hold_environment *environment, char *const *envp);

/* Looks for what constructors may have kept of the arguments. False: it could not be made true
 * for a job. */
bool arguments_find(char **argv);
/* Makes these the arguments, in the vector that was found. At most HOLDER_ARGUMENTS. */
void arguments_set(char *const *argv);

/* Remembers the files that this process consists of. */
void files_remember(void);
/* Whether they, and the program's own at `program`, are still what they were. */
bool files_unchanged(const char *program);

#endif
