/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_PROCESS_H
#define SPAWN_PROCESS_H

/* Processes that the daemon starts for itself: spawner, meter and holders. Any thread, but see
 * where each of them is started: some die with the thread that started them. */

#include <stddef.h>
#include <sys/types.h>

/* A descriptor and the number that it gets in the new process. */
struct process_fd {
	int fd; /* borrowed; -1: the number is closed there */
	int number;
};
enum { PROCESS_FDS_MAX = 4 };

struct process_plan {
	const char *program;
	char *const *argv, *const *envp;
	int null_last;	   /* numbers 0 to this one are /dev/null; with 1, stderr stays */
	int socket_number; /* where it finds its end of the socket */
	struct process_fd fds[PROCESS_FDS_MAX];
	size_t fd_count;
	int end; /* this number and all above are closed; all others above null_last are given */
};

/* A process of our own. All of it is the caller's, to close and to reap. */
struct process {
	pid_t pid;
	int pidfd;
	int socket; /* SOCK_SEQPACKET, connected to the process */
};

/* Starts it with every signal at its default and none blocked, in a process group of its own, so
 * that Ctrl-C at a terminal does not reach it. Returns 0, or -errno: then nothing has been started.
 */
int process_start(const struct process_plan *plan, struct process *out);

/* Returns a pidfd or -errno. */
int process_open(pid_t pid);

/* Reaps the process behind *pidfd and closes that; kills the process first when it has not ended
 * within the time. */
void process_reap(int *pidfd, int timeout_ms);

/* Kills and reaps a child, and its group, for whose pidfd there is no room. It has not been reaped
 * yet, so the number is still its own. */
void process_end_by_number(pid_t pid);

#endif
