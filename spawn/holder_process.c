/* SPDX-License-Identifier: MIT */
/*
 * The start of a program that is to be held: what libsluice-warm.so in it has to know comes by its
 * environment and by descriptors with fixed numbers, above those that a job's files will get.
 */
#include "spawn/holder_process.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "spawn/process.h"
#include "spawn/protocol.h"

#define PRELOAD "LD_PRELOAD="

enum { ENV_MAX = 128 };

static int fill_actions(
	posix_spawn_file_actions_t *actions, int socket, int daemon_pidfd, int filters)
{
	int r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	for (int fd = 1; fd <= JOB_TARGET_MAX && r == 0; fd++)
		r = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, fd);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, socket, HOLDER_SOCKET_FD);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, daemon_pidfd, HOLDER_DAEMON_FD);
	if (r == 0 && filters >= 0)
		r = posix_spawn_file_actions_adddup2(actions, filters, HOLDER_FILTERS_FD);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(
			actions, filters >= 0 ? HOLDER_FIXED_FDS : HOLDER_FILTERS_FD);
	return -r;
}

static void put_list(struct text *text, const char *name, char *const *list)
{
	text_printf(text, "%s=", name);
	for (; list && *list; list++)
		text_printf(text, "%s\n", *list);
}

static pid_t execute(const struct holder_options *options, const struct holder_program *program,
	int socket, int daemon_pidfd, int filters)
{
	char own[4][8192];
	struct text text[4];
	char *envp[ENV_MAX];
	size_t count = 0;
	for (size_t i = 0; i < 4; i++)
		text_init(&text[i], own[i], sizeof own[i]);
	text_printf(&text[0], PRELOAD "%s", options->library);
	for (char *const *at = program->envp; *at; at++) {
		if (count == ENV_MAX - 5)
			return -E2BIG;
		/* The linker reads one variable of the name: the recipe's libraries follow ours. */
		if (strncmp(*at, PRELOAD, sizeof PRELOAD - 1) == 0)
			text_printf(&text[0], ":%s", *at + sizeof PRELOAD - 1);
		else
			envp[count++] = *at;
	}
	text_printf(&text[1], HOLDER_MODE_VARIABLE "=%d%s", (int)getpid(),
		options->namespaces ? HOLDER_NAMESPACES : HOLDER_NO_NAMESPACES);
	if (program->confine != HOLDER_CONFINE_MIXED)
		text_printf(&text[1], HOLDER_CONFINE "%d", program->confine);
	put_list(&text[2], HOLDER_MODULES_VARIABLE, program->preload);
	put_list(&text[3], HOLDER_PRIME_VARIABLE, program->prime);
	for (size_t i = 0; i < 4; i++) {
		if (text[i].overflow)
			return -E2BIG;
		envp[count++] = own[i];
	}
	envp[count] = NULL;

	const char *argv[HOLDER_ARGUMENTS + 1] = {program->name};
	for (size_t i = 1; i < HOLDER_ARGUMENTS; i++)
		argv[i] = "";
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t pid = -1;
	int r = -posix_spawn_file_actions_init(&actions);
	if (r < 0)
		return r;
	r = -posix_spawnattr_init(&attributes);
	if (r == 0) {
		r = fill_actions(&actions, socket, daemon_pidfd, filters);
		if (r == 0)
			r = process_attributes(&attributes);
		if (r == 0)
			r = -posix_spawn(&pid, program->program, &actions, &attributes,
				(char *const *)argv, envp);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return r < 0 ? r : pid;
}

int holder_process_start(const struct holder_options *options, const struct holder_program *program,
	struct holder_process *out)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	FD_CLEANUP int ours = pair[0];
	FD_CLEANUP int theirs = pair[1];
	FD_CLEANUP int self = process_open(getpid());
	FD_CLEANUP int high_socket = process_above(theirs, HOLDER_FIXED_FDS);
	FD_CLEANUP int high_self = self < 0 ? -1 : process_above(self, HOLDER_FIXED_FDS);
	int filters = confinement_get_holder_filters(options->confinement);
	FD_CLEANUP int high_filters = filters < 0 ? -1 : process_above(filters, HOLDER_FIXED_FDS);
	/* Without the filters that there are, its jobs would run unfiltered. */
	if (self < 0 || high_socket < 0 || high_self < 0)
		return self < 0 ? self : high_socket < 0 ? high_socket : high_self;
	if (filters >= 0 && high_filters < 0)
		return high_filters;
	pid_t pid = execute(options, program, high_socket, high_self, high_filters);
	if (pid < 0)
		return pid;
	int pidfd = process_open(pid);
	if (pidfd < 0) {
		process_end_by_number(pid);
		return pidfd;
	}
	*out = (struct holder_process){.pid = pid, .pidfd = pidfd, .socket = fd_take(&ours)};
	return 0;
}
