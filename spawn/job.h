/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_JOB_H
#define SPAWN_JOB_H

/*
 * A job: its description and the running process, the same for every way to start a program. A job
 * is one program in a process group of its own and, where the kernel allows it, in a pid namespace
 * of its own. It is a child of the daemon, which knows it by its pidfd.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { JOB_FILES_MAX = 8, JOB_MESSAGE_MAX = 65536, JOB_NICE_MAX = 19 };

struct job_file {
	int fd;	    /* borrowed from the caller, who closes it after the start */
	int target; /* the number that the program sees; 0 … JOB_TARGET_MAX */
};
enum { JOB_TARGET_MAX = 15 };

struct job_limits {
	uint64_t memory_bytes; /* RLIMIT_DATA; 0: none */
	uint64_t cpu_s;	       /* RLIMIT_CPU, hard; 0: none */
	uint64_t file_bytes;   /* RLIMIT_FSIZE; 0: none */
	unsigned open_files;   /* RLIMIT_NOFILE; 0: 256 */
	unsigned processes;    /* RLIMIT_NPROC, which counts all threads of the user; 0: none */
};

enum job_confine {
	JOB_CONFINE_OFF,      /* nothing but what holds its processes together */
	JOB_CONFINE_STANDARD, /* for any program */
	JOB_CONFINE_STRICT,   /* one process that never executes another program */
};

/* What a confined job may use beside the machine's programs, its own program, and its files (read).
 */
struct job_confinement {
	enum job_confine level;
	const char *writable; /* a directory of its own; NULL: none */
	char *const *read;    /* further absolute paths, NULL-terminated; NULL: none */
};

struct job_spec {
	const char *program;   /* absolute path */
	char *const *argv;     /* NULL-terminated */
	char *const *envp;     /* NULL-terminated: the whole environment */
	const char *directory; /* working directory; NULL: / */
	const struct job_file *files;
	size_t file_count; /* 0, 1 or 2 missing: /dev/null */
	struct job_limits limits;
	unsigned nice; /* 0 … 19 */
	struct job_confinement confinement;
	/* Of the held program that it may come from, as in struct holder_program. NULL: none. */
	char *const *preload, *const *prime;
};

struct job {
	pid_t pid;	 /* also its process group */
	int pidfd;	 /* readable when it has ended; -1: no job */
	bool namespaced; /* its end is the end of all that it started */
	unsigned holder; /* number of the holder that it came from; 0: started cold */
	enum job_confine confine;
};

struct job_result {
	bool exited; /* else: killed by `signal` */
	int exit_status;
	int signal;
	uint64_t cpu_us;   /* user and system, of the program and the children it waited for */
	uint64_t peak_kib; /* ru_maxrss */
};

/* Sends a signal to the process group of the job (namespaced and SIGKILL: to all that is in it).
 * Any thread, but not while another thread reaps this job. A job that has ended is no error. The
 * program of a namespaced job is process 1 of its namespace. A signal without a handler, such as
 * SIGTERM, has no effect there; only SIGKILL always works. So SIGTERM has to be followed by
 * SIGKILL. */
void job_signal(const struct job *job, int signal);

/* Whether the job's leader has begun to end by itself or by a signal: its descriptors may be closed
 * already, but with a pid namespace some milliseconds go by until job_reap has something to reap.
 * Any thread; does not block. Source: proc(5), flags in /proc/PID/stat. false where there is no
 * /proc. */
bool job_is_ending(const struct job *job);

/* Kills what is left of the job, reaps it and closes pidfd. The group gets SIGKILL before the
 * leader's number can be given to another process. Blocks until the leader has ended, which is
 * immediate after SIGKILL. `job` is empty afterwards (pidfd -1). Returns 0 or -errno; result may be
 * NULL. */
int job_reap(struct job *job, struct job_result *result);

#endif
