/* SPDX-License-Identifier: MIT */
/*
 * Starts a program that is to be held. What libsluice-warm.so in it has to know comes by its
 * environment and by descriptors with fixed numbers (inherited.h).
 */
#include "spawn/holder_process.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "spawn/inherited.h"
#include "spawn/job.h"

#define PRELOAD "LD_PRELOAD="

enum { ENV_MAX = 128 };
enum { OWN_PRELOAD, OWN_MODE, OWN_MODULES, OWN_PRIME, OWN_COUNT };

struct environment {
	char buffers[OWN_COUNT][8192];
	char *vector[ENV_MAX];
};

static void put_list(struct text *text, const char *name, char *const *list)
{
	text_printf(text, "%s=", name);
	for (; list && *list; list++)
		text_printf(text, "%s\n", *list);
}

/* The program's environment and our own variables. Returns 0 or -E2BIG. */
static int fill_environment(const struct holder_options *options,
	const struct holder_program *program, struct environment *out)
{
	struct text text[OWN_COUNT];
	size_t count = 0;
	for (size_t i = 0; i < OWN_COUNT; i++)
		text_init(&text[i], out->buffers[i], sizeof out->buffers[i]);
	text_printf(&text[OWN_PRELOAD], PRELOAD "%s", options->library);
	for (char *const *at = program->envp; *at; at++) {
		if (count == ENV_MAX - OWN_COUNT - 1)
			return -E2BIG;
		/* The linker reads one variable of the name: the recipe's libraries follow ours. */
		if (strncmp(*at, PRELOAD, sizeof PRELOAD - 1) == 0)
			text_printf(&text[OWN_PRELOAD], ":%s", *at + sizeof PRELOAD - 1);
		else
			out->vector[count++] = *at;
	}
	text_printf(&text[OWN_MODE], HOLDER_MODE_VARIABLE "=%d%s", (int)getpid(),
		options->namespaces ? HOLDER_NAMESPACES : HOLDER_NO_NAMESPACES);
	text_printf(&text[OWN_MODE], HOLDER_CONFINE "%d", (int)program->confine);
	put_list(&text[OWN_MODULES], HOLDER_MODULES_VARIABLE, program->preload);
	put_list(&text[OWN_PRIME], HOLDER_PRIME_VARIABLE, program->prime);
	for (size_t i = 0; i < OWN_COUNT; i++) {
		if (text[i].overflow)
			return -E2BIG;
		out->vector[count++] = out->buffers[i];
	}
	out->vector[count] = NULL;
	return 0;
}

int holder_process_start(const struct holder_options *options, const struct holder_program *program,
	struct process *out)
{
	struct environment environment;
	int r = fill_environment(options, program, &environment);
	if (r < 0)
		return r;
	const char *argv[HOLDER_ARGUMENTS + 1] = {program->name};
	for (size_t i = 1; i < HOLDER_ARGUMENTS; i++)
		argv[i] = "";
	FD_CLEANUP int self = process_open(getpid());
	if (self < 0)
		return self;
	const struct process_plan plan = {
		.program = program->program,
		.argv = (char *const *)argv,
		.envp = environment.vector,
		.null_last = JOB_TARGET_MAX,
		.socket_number = HOLDER_SOCKET_FD,
		.fds = {{self, HOLDER_DAEMON_FD}, {options->notes_fd, HOLDER_NOTES_FD},
			{confinement_get_holder_filters(options->confinement), HOLDER_FILTERS_FD}},
		.fd_count = 3,
		.end = HOLDER_END_FD,
	};
	return process_start(&plan, out);
}
