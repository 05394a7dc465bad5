/* SPDX-License-Identifier: MIT */
#include "spawn/held_program.h"

#include <stdlib.h>
#include <string.h>

#include "base/string_list.h"

struct held_program *held_program_new(const struct holder_program *from)
{
	struct held_program *program = calloc(1, sizeof *program);
	if (!program)
		return NULL;
	program->program = strdup(from->program);
	program->name = strdup(from->name);
	program->envp = string_list_copy(from->envp);
	program->preload = string_list_copy(from->preload);
	program->prime = string_list_copy(from->prime);
	if (!program->program || !program->name || !program->envp || !program->preload ||
		!program->prime) {
		held_program_free(program);
		return NULL;
	}
	program->view = (struct holder_program){program->program, program->name, program->envp,
		program->preload, program->prime, from->confine};
	return program;
}

void held_program_free(struct held_program *program)
{
	if (!program)
		return;
	free(program->program);
	free(program->name);
	string_list_free(program->envp);
	string_list_free(program->preload);
	string_list_free(program->prime);
	free(program);
}

/* Skips what belongs to the job alone. */
static char *const *skip(char *const *envp)
{
	while (*envp && (!strncmp(*envp, "HOME=", 5) || !strncmp(*envp, "TMPDIR=", 7)))
		envp++;
	return envp;
}

static bool same_environment(char *const *one, char *const *other)
{
	for (;;) {
		one = skip(one);
		other = skip(other);
		if (!*one || !*other)
			return !*one && !*other;
		if (strcmp(*one++, *other++) != 0)
			return false;
	}
}

static bool same_list(char *const *one, char *const *other)
{
	static char *const none[] = {NULL};
	one = one ? one : none;
	other = other ? other : none;
	for (; *one && *other && strcmp(*one, *other) == 0; one++, other++)
		;
	return !*one && !*other;
}

bool held_program_resembles(const struct held_program *program, const struct holder_program *other)
{
	const struct holder_program *view = &program->view;
	return strcmp(view->program, other->program) == 0 && strcmp(view->name, other->name) == 0 &&
	       view->confine == other->confine && same_environment(view->envp, other->envp);
}

bool held_program_is(const struct held_program *program, const struct holder_program *other)
{
	const struct holder_program *view = &program->view;
	return held_program_resembles(program, other) && same_list(view->preload, other->preload) &&
	       same_list(view->prime, other->prime);
}
