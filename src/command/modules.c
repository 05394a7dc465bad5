/* SPDX-License-Identifier: MIT */
/* A line that counts: "PID:	file=PATH [0];  dynamically loaded by WHO [0]". Only modules that a
 * program opens by name are told so, not the libraries that these need in turn. */
#include "src/command/modules.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "src/recipe/library_search.h"

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);
	while (length > 0 && directory[length - 1] == '/')
		length--;
	return !strncmp(path, directory, length) && path[length] == '/';
}

/* It is printed as a line of a configuration, between quotes. */
static bool is_printable(const char *path)
{
	for (; *path; path++)
		if ((unsigned char)*path < 0x20 || *path == 0x7f || strchr("\"\\$", *path))
			return false;
	return true;
}

/* A name is one that the linker has looked for. */
static bool find_named(const char *name, char path[PATH_MAX])
{
	static char *const no_variables[] = {NULL};
	struct library_search search;
	library_search_open(&search, NULL, no_variables);
	bool found = name[0] && !strchr(name, '/') && library_search_find(&search, name, path);
	library_search_close(&search);
	return found;
}

static bool is_module(const struct config *config, const char *path)
{
	char real[PATH_MAX], named[PATH_MAX];
	struct stat st;
	if (!is_printable(path) || (path[0] != '/' && !find_named(path, named)) ||
		!realpath(path[0] == '/' ? path : named, real))
		return false;
	if (is_below(real, config->root) || is_below(real, config->temp_path))
		return false;
	char magic[4] = "";
	FD_CLEANUP int fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
	       read(fd, magic, sizeof magic) == sizeof magic && !memcmp(magic, "\177ELF", 4);
}

static void add(struct modules *modules, const struct config *config, const char *path)
{
	for (size_t i = 0; i < modules->count; i++)
		if (!strcmp(modules->paths[i], path))
			return;
	if (modules->count == MODULES_MAX || !is_module(config, path))
		return;
	modules->paths[modules->count] = strdup(path);
	modules->count += modules->paths[modules->count] != NULL;
}

static void take_line(struct modules *modules, const struct config *config, char *line)
{
	static const char name[] = "file=";
	char *path = strstr(line, name);
	char *end = path ? strstr(path, " [") : NULL;
	if (!end || !strstr(end, "dynamically loaded by"))
		return;
	*end = '\0';
	add(modules, config, path + sizeof name - 1);
}

void modules_take(struct modules *modules, const struct config *config, int report)
{
	char *line = NULL;
	size_t size = 0;
	int fd = fd_reopen(report, O_RDONLY);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	while (file && getline(&line, &size, file) > 0)
		take_line(modules, config, line);
	free(line);
	if (file)
		fclose(file);
	else
		fd_close(&fd);
	if (ftruncate(report, 0) == 0)
		lseek(report, 0, SEEK_SET);
}

void modules_clear(struct modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		free(modules->paths[i]);
	modules->count = 0;
}
