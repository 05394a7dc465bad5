/* SPDX-License-Identifier: MIT */
/*
 * `preload` names libraries as programs ask for them, so that one configuration suits machines
 * whose libraries lie elsewhere: /usr/lib64 on some, /usr/lib/aarch64-linux-gnu on others. A name
 * is left to the dynamic linker of the program, which may choose another file than the one that is
 * found here. A path below a directory of libraries is made absolute, for the linker has no search
 * for it. What is missing is a warning: a rehearsal goes on without it.
 */
#include "src/config/sections.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/recipe/library_search.h"

static void warn_missing(const struct config_reader *reader, unsigned line,
	const struct library_search *search, const char *name)
{
	char other[NAME_MAX + 1];
	if (strchr(name, '/'))
		config_read_warning(reader, line,
			"preload: there is no '%.200s', it is left out: install it, or ask sluice "
			"train what this machine has",
			name);
	else if (library_search_suggest(search, name, other))
		config_read_warning(reader, line,
			"preload: there is no library '%.200s', it is left out: did you mean "
			"'%.200s'?",
			name, other);
	else
		config_read_warning(reader, line,
			"preload: there is no library '%.200s', it is left out: install it, or run "
			"ldconfig if it is there",
			name);
}

void config_preload(const struct config_reader *reader, struct recipe *recipe)
{
	struct library_search search;
	/* Without its program a recipe answers 500, and the libraries come with the program. */
	if (!recipe->preload[0] || !recipe->program_paths[0] || reader->report->blind)
		return;
	library_search_open(&search, recipe->program_paths[0], recipe->env);
	for (size_t i = 0; recipe->preload[i]; i++) {
		char path[PATH_MAX];
		const char *name = recipe->preload[i];
		const struct config_value *value = config_node_value(reader->node, "preload", i);
		bool found = name[0] == '/' ? access(name, F_OK) == 0
					    : library_search_find(&search, name, path);
		if (!found) {
			warn_missing(reader, value->line, &search, name);
			continue;
		}
		char *absolute = name[0] != '/' && strchr(name, '/')
					 ? config_strdup(reader->report, path)
					 : NULL;
		if (absolute) {
			free(recipe->preload[i]);
			recipe->preload[i] = absolute;
		}
	}
	library_search_close(&search);
}
