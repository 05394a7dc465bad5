/* SPDX-License-Identifier: MIT */
/*
 * Finds the programs of a recipe when the configuration is read. Neither the PATH of the daemon nor
 * a later change on the disk decides what is started: only a program that is missing is looked for
 * again, when a request asks for it. It is a warning, because the other recipes work without it.
 * sluice-picture comes with sluice, wherever that is installed, so its place is the last one that
 * is looked at.
 */
#include "src/config/sections.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/installed.h"

static bool is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

char *config_find_program(const char *programs, const char *name)
{
	char path[PATH_MAX];
	if (name[0] == '/')
		return is_program(name) ? strdup(name) : NULL;
	for (const char *at = programs; *at; at += *at == ':') {
		size_t n = strcspn(at, ":");
		int length = snprintf(path, sizeof(path), "%.*s/%s", (int)n, at, name);
		if (n > 0 && n < PATH_MAX && length > 0 && length < (int)sizeof(path) &&
			is_program(path))
			return strdup(path);
		at += n;
	}
	installed_program(name, path);
	return path[0] && is_program(path) ? strdup(path) : NULL;
}

/* The line of the element of `run` with which the program begins. */
static unsigned program_line(const struct config_reader *reader, size_t program)
{
	size_t index = 0, count = config_node_count(reader->node, "run");
	for (size_t i = 0; i < count && program > 0; i++) {
		if (strcmp(config_node_value(reader->node, "run", i)->text, "|") == 0) {
			program--;
			index = i + 1;
		}
	}
	const struct config_value *value = config_node_value(reader->node, "run", index);
	return value ? value->line : config_node_line(reader->node);
}

void config_programs(
	const struct config_reader *reader, const char *programs, struct recipe *recipe)
{
	size_t count = template_program_count(recipe->template);
	for (size_t i = 0; i < count && i < TEMPLATE_PROGRAMS_MAX; i++) {
		const char *name = template_program_name(recipe->template, i);
		unsigned line = program_line(reader, i);
		if (name[0] != '/' && strchr(name, '/')) {
			config_read_error(reader, line,
				"program '%.80s': write an absolute path, or a name without a "
				"slash",
				name);
			continue;
		}
		recipe->program_paths[i] = config_find_program(programs, name);
		if (recipe->program_paths[i])
			continue;
		if (name[0] == '/')
			config_warning(reader->report, line,
				"program '%.80s' is missing or not executable: recipe '%s' will "
				"answer 500 until it is there",
				name, recipe->name);
		else
			config_warning(reader->report, line,
				"program '%.80s' not found in %.200s: recipe '%s' will answer 500 "
				"until it is installed",
				name, programs, recipe->name);
	}
}
