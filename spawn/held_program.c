/* SPDX-License-Identifier: MIT */
#include "spawn/held_program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/string_list.h"

/* Returns 1 when something was new, 0, or -ENOMEM. */
static int add_list(char ***list, char *const *from)
{
	int added = 0;
	for (; from && *from; from++) {
		size_t count = string_list_length(*list), i = 0;
		while (i < count && strcmp((*list)[i], *from) != 0)
			i++;
		if (i < count)
			continue;
		char **more = realloc(*list, (count + 2) * sizeof *more);
		if (!more)
			return -ENOMEM;
		*list = more;
		more[count + 1] = NULL;
		if (!(more[count] = strdup(*from)))
			return -ENOMEM;
		added = 1;
	}
	return added;
}

static void point(struct held_program *program)
{
	program->view = (struct holder_program){program->program, program->name, program->envp,
		program->preload, program->prime, program->confine};
}

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
	program->confine = from->confine;
	if (!program->program || !program->name || !program->envp || !program->preload ||
		!program->prime) {
		held_program_free(program);
		return NULL;
	}
	point(program);
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

int held_program_add(struct held_program *program, const struct holder_program *from, bool *changed)
{
	int preload = add_list(&program->preload, from->preload);
	int prime = add_list(&program->prime, from->prime);
	bool mixed = program->confine != HOLDER_CONFINE_MIXED && program->confine != from->confine;
	if (mixed)
		program->confine = HOLDER_CONFINE_MIXED;
	point(program);
	*changed = preload > 0 || prime > 0 || mixed;
	return preload < 0 || prime < 0 ? -ENOMEM : 0;
}

/* Skips what belongs to the job alone. */
static char *const *skip(char *const *envp)
{
	while (*envp && (!strncmp(*envp, "HOME=", 5) || !strncmp(*envp, "TMPDIR=", 7)))
		envp++;
	return envp;
}

bool held_program_is(
	const struct held_program *program, const char *path, const char *name, char *const *envp)
{
	char *const *own = program->envp;
	if (strcmp(program->program, path) != 0 || strcmp(program->name, name) != 0)
		return false;
	for (;;) {
		own = skip(own);
		envp = skip(envp);
		if (!*own || !*envp)
			return !*own && !*envp;
		if (strcmp(*own++, *envp++) != 0)
			return false;
	}
}
