/* SPDX-License-Identifier: MIT */
/* The dynamic linker itself could be asked (ld.so --list), but that is a process, and it reads the
 * same files in the same order. */
#include "src/recipe/libraries.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/recipe/elf_file.h"
#include "src/recipe/library_search.h"

/* Adds the path unless it is there. Returns 0 or -ENOMEM. */
static int add(struct libraries *libraries, const char *path)
{
	for (size_t i = 0; i < libraries->count; i++)
		if (!strcmp(libraries->paths[i], path))
			return 0;
	if (libraries->count == LIBRARIES_MAX)
		return 0;
	char **larger = realloc(libraries->paths, (libraries->count + 1) * sizeof *larger);
	if (!larger)
		return -ENOMEM;
	libraries->paths = larger;
	larger[libraries->count] = strdup(path);
	return larger[libraries->count++] ? 0 : -ENOMEM;
}

/* Returns 1 when the name is in the directory and was added, 0, or -ENOMEM. */
static int add_from(struct libraries *libraries, const char *directory, const char *name)
{
	static const char *const variants[] = {"glibc-hwcaps/x86-64-v4/", "glibc-hwcaps/x86-64-v3/",
		"glibc-hwcaps/x86-64-v2/", "glibc-hwcaps/power10/", "glibc-hwcaps/power9/",
		"glibc-hwcaps/z16/", "glibc-hwcaps/z15/", "glibc-hwcaps/z14/", "glibc-hwcaps/z13/",
		""};
	int found = 0, r = 0;
	for (size_t i = 0; i < sizeof variants / sizeof *variants && r == 0; i++) {
		char path[PATH_MAX];
		int n = snprintf(path, sizeof path, "%s/%s%s", directory, variants[i], name);
		/* One for another machine may stand before it, as i386 beside x86-64. */
		if (n < 0 || (size_t)n >= sizeof path || !elf_file_fits(path))
			continue;
		r = add(libraries, path);
		found = 1;
	}
	return r < 0 ? r : found;
}

/* A list such as "$ORIGIN/../lib:/opt/lib"; `file` is the one whose list it is. The same result. */
static int add_from_list(
	struct libraries *libraries, const char *list, const char *file, const char *name)
{
	int r = 0;
	for (const char *at = list; at && *at && r == 0; at += *at == ':') {
		char directory[PATH_MAX];
		size_t length = strcspn(at, ":");
		if (library_search_expand(at, length, file, directory))
			r = add_from(libraries, directory, name);
		at += length;
	}
	return r;
}

static int add_needed(struct libraries *libraries, const struct library_search *search,
	const struct elf_file *elf, const char *path, const char *name)
{
	if (strchr(name, '/'))
		return add(libraries, name);
	int r = add_from_list(libraries, elf->runpath, path, name);
	if (r == 0)
		r = add_from_list(libraries, search->library_path, path, name);
	for (size_t i = 0; i < search->count && r == 0; i++)
		r = add_from(libraries, search->directories[i], name);
	return r < 0 ? r : 0;
}

/* What the file at `path` needs, and no further. */
static int add_all(
	struct libraries *libraries, const struct library_search *search, const char *path)
{
	struct elf_file elf;
	int r = elf_file_read(path, &elf);
	for (size_t i = 0; i < elf.needed_count && r == 0; i++)
		r = add_needed(libraries, search, &elf, path, elf.needed[i]);
	elf_file_clear(&elf);
	return r == -ENOEXEC ? 0 : r;
}

/* LD_PRELOAD of the recipe: paths, or names to be searched. */
static int add_preloaded(
	struct libraries *libraries, const struct library_search *search, char *const *env)
{
	static const char variable[] = "LD_PRELOAD=";
	const struct elf_file none = {0};
	int r = 0;
	for (; *env && r == 0; env++) {
		if (strncmp(*env, variable, sizeof variable - 1) != 0)
			continue;
		char *list = strdup(*env + sizeof variable - 1), *rest = NULL;
		if (!list)
			return -ENOMEM;
		for (char *name = strtok_r(list, ": ", &rest); name && r == 0;
			name = strtok_r(NULL, ": ", &rest))
			r = add_needed(libraries, search, &none, "/", name);
		free(list);
	}
	return r;
}

/* What dlopen(3) of this name may load: the linker's cache decides which of the files it is.
 * missing: the places where there is no file, but one may appear. */
static int add_opened(struct libraries *libraries, const struct library_search *search,
	const char *name, bool missing)
{
	char path[PATH_MAX];
	int r = name[0] == '/' ? add(libraries, name) : 0;
	for (size_t i = 0; name[0] != '/' && r >= 0 && library_search_place(search, i, name, path);
		i++) {
		size_t directory = strlen(path) - (path[0] ? strlen(name) + 1 : 0);
		if (path[0] != '/')
			continue;
		if (missing) {
			r = add(libraries, path);
		} else {
			path[directory] = '\0';
			r = add_from(libraries, path, name);
		}
	}
	return r < 0 ? r : 0;
}

static int add_all_opened(struct libraries *libraries, const struct library_search *search,
	char *const *names, bool missing)
{
	int r = 0;
	for (; *names && r == 0; names++)
		r = add_opened(libraries, search, *names, missing);
	return r;
}

int libraries_find(
	const char *program, char *const *env, char *const *opened, struct libraries *out)
{
	struct library_search search;
	char real[PATH_MAX];
	*out = (struct libraries){0};
	library_search_open(&search, program, env);
	int r = add_all(out, &search, realpath(program, real) ? real : program);
	if (r == 0 && out->count > 0)
		r = add_preloaded(out, &search, env);
	if (r == 0)
		r = add_all_opened(out, &search, opened, false);
	/* The list grows while it is walked; add bounds it. */
	for (size_t i = 0; i < out->count && r == 0; i++)
		r = add_all(out, &search, out->paths[i]);
	/* Last, because there are many, and what is there must not lack room for them. */
	if (r == 0)
		r = add_all_opened(out, &search, opened, true);
	library_search_close(&search);
	if (r < 0)
		libraries_clear(out);
	return r;
}

void libraries_clear(struct libraries *libraries)
{
	for (size_t i = 0; i < libraries->count; i++)
		free(libraries->paths[i]);
	free(libraries->paths);
	*libraries = (struct libraries){0};
}
