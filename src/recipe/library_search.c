/* SPDX-License-Identifier: MIT */
/*
 * The linker's cache itself is not read: its format is its own. It is made from the directories
 * that are read here. A library that was put there without ldconfig(8) is found here, and by the
 * linker only afterwards.
 *
 * Which directories are built in differs: /lib64 on some, /lib/aarch64-linux-gnu on others. The
 * daemon's own linker tells them (dlinfo(3)). That of musl has other files and no such question.
 */
#include "src/recipe/library_search.h"

#include <dlfcn.h>
#include <glob.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/recipe/elf_file.h"

enum { LINE_MAX_BYTES = 1024 };

static bool has(const struct library_search *search, const char *path)
{
	char real[PATH_MAX], other[PATH_MAX];
	if (!realpath(path, real))
		snprintf(real, sizeof real, "%s", path);
	for (size_t i = 0; i < search->count; i++) {
		const char *known = search->directories[i];
		if (!strcmp(realpath(known, other) ? other : known, real))
			return true;
	}
	return false;
}

static void add_directory(struct library_search *search, const char *path)
{
	if (path[0] == '/' && search->count < LIBRARY_DIRECTORIES_MAX && !has(search, path) &&
		(search->directories[search->count] = strdup(path)))
		search->count++;
}

/* Includes are followed by reading all of /etc/ld.so.conf.d. */
static void read_directories(struct library_search *search, const char *file)
{
	char line[LINE_MAX_BYTES], *rest;
	FILE *in = fopen(file, "re");
	for (int i = 0; in && i < LIBRARY_DIRECTORIES_MAX && fgets(line, sizeof line, in); i++) {
		line[strcspn(line, "#")] = '\0';
		if (!strncmp(line, "include", 7))
			continue;
		for (char *word = strtok_r(line, ":, \t\r\n", &rest); word;
			word = strtok_r(NULL, ":, \t\r\n", &rest))
			add_directory(search, word);
	}
	if (in)
		fclose(in);
}

static void read_all(struct library_search *search, const char *pattern)
{
	glob_t found;
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		read_directories(search, found.gl_pathv[i]);
	globfree(&found);
}

bool library_search_expand(
	const char *item, size_t length, const char *file, char directory[PATH_MAX])
{
	static const char *const origins[] = {"$ORIGIN", "${ORIGIN}"};
	const char *slash = strrchr(file, '/');
	size_t skip = 0;
	for (size_t i = 0; i < sizeof origins / sizeof *origins && slash && skip == 0; i++)
		if (length >= strlen(origins[i]) && !strncmp(item, origins[i], strlen(origins[i])))
			skip = strlen(origins[i]);
	int n = snprintf(directory, PATH_MAX, "%.*s%.*s", skip ? (int)(slash - file) : 0, file,
		(int)(length - skip), item + skip);
	return n > 0 && n < PATH_MAX && directory[0] == '/';
}

/* Its own list is also for what it opens; that of DT_RUNPATH only by itself, and not before main.
 */
static void add_own(struct library_search *search, const char *program)
{
	char real[PATH_MAX], directory[PATH_MAX];
	struct elf_file elf;
	if (!realpath(program, real))
		return;
	const char *at = elf_file_read(real, &elf) == 0 ? elf.runpath : NULL;
	for (; at && *at; at += *at == ':') {
		size_t length = strcspn(at, ":");
		if (library_search_expand(at, length, real, directory))
			add_directory(search, directory);
		at += length;
	}
	elf_file_clear(&elf);
}

static void add_built_in(struct library_search *search)
{
#ifdef __GLIBC__
	Dl_serinfo size, *info = NULL;
	void *self = dlopen(NULL, RTLD_LAZY);
	if (self && dlinfo(self, RTLD_DI_SERINFOSIZE, &size) == 0 &&
		(info = malloc(size.dls_size))) {
		*info = size;
		int r = dlinfo(self, RTLD_DI_SERINFO, info);
		for (unsigned i = 0; r == 0 && i < info->dls_cnt; i++)
			if (info->dls_serpath[i].dls_flags & LA_SER_DEFAULT)
				add_directory(search, info->dls_serpath[i].dls_name);
	}
	free(info);
	if (self)
		dlclose(self);
#endif
	static const char *const usual[] = {
		"/lib64", "/usr/lib64", "/lib", "/usr/local/lib", "/usr/lib"};
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		add_directory(search, usual[i]);
}

void library_search_open(struct library_search *search, const char *program, char *const *env)
{
	static const char variable[] = "LD_LIBRARY_PATH=";
	*search = (struct library_search){0};
	for (; *env; env++)
		if (!strncmp(*env, variable, sizeof variable - 1))
			search->library_path = *env + sizeof variable - 1;
	if (program)
		add_own(search, program);
	read_directories(search, "/etc/ld.so.conf");
	read_all(search, "/etc/ld.so.conf.d/*.conf");
	read_all(search, "/etc/ld-musl-*.path");
	add_built_in(search);
}

void library_search_close(struct library_search *search)
{
	for (size_t i = 0; i < search->count; i++)
		free(search->directories[i]);
	*search = (struct library_search){0};
}

static void join(char path[PATH_MAX], const char *directory, size_t length, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%.*s/%s", (int)length, directory, name);
	if (length == 0 || length >= PATH_MAX || n < 0 || n >= PATH_MAX)
		path[0] = '\0';
}

bool library_search_place(
	const struct library_search *search, size_t index, const char *name, char path[PATH_MAX])
{
	const char *at = search->library_path;
	while (at && *at) {
		size_t length = strcspn(at, ":;");
		if (index-- == 0) {
			join(path, at, length, name);
			return true;
		}
		at += length + (at[length] != '\0');
	}
	if (index >= search->count)
		return false;
	join(path, search->directories[index], strlen(search->directories[index]), name);
	return true;
}

bool library_search_find(const struct library_search *search, const char *name, char path[PATH_MAX])
{
	for (size_t i = 0; library_search_place(search, i, name, path); i++)
		if (path[0] == '/' && elf_file_fits(path))
			return true;
	return false;
}

/* The shortest name is the one by which programs ask for it: libwebp.so.7, not libwebp.so.7.1.5. */
bool library_search_suggest(
	const struct library_search *search, const char *name, char other[NAME_MAX + 1])
{
	char pattern[NAME_MAX + 1], path[PATH_MAX];
	const char *end = strstr(name, ".so");
	other[0] = '\0';
	if (!end || end - name > NAME_MAX - 8 || strpbrk(name, "*?[\\/"))
		return false;
	snprintf(pattern, sizeof pattern, "%.*s.so.*", (int)(end - name), name);
	for (size_t i = 0; !other[0] && library_search_place(search, i, pattern, path); i++) {
		glob_t found;
		if (path[0] != '/' || glob(path, 0, NULL, &found) != 0)
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++) {
			const char *base = strrchr(found.gl_pathv[k], '/') + 1;
			if ((!other[0] || strlen(base) < strlen(other)) &&
				strlen(base) <= NAME_MAX && elf_file_fits(found.gl_pathv[k]))
				memcpy(other, base, strlen(base) + 1);
		}
		globfree(&found);
	}
	return other[0] != '\0';
}
