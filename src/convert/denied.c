/* SPDX-License-Identifier: MIT */
/*
 * The kernel does not tell the daemon which file Landlock has refused. The program usually does, on
 * standard error: in a line with "Permission denied" or EACCES, with the path as an absolute one.
 * Such a path is told when the daemon's user may read it and the confinement does not allow it. A
 * program that says nothing, or names a relative path, is not understood.
 *
 * What stands there may come from a hostile source. The path is only written to the log, escaped,
 * and an administrator decides.
 */
#include "src/convert/denied.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "spawn/confinement.h"

enum { LOOKS_MAX = 64, SHOWN_MAX = 256 };

struct search {
	const struct conversion *conversion;
	unsigned looks;
	char path[PATH_MAX]; /* "": none was found */
};

static bool is_complaint(const char *line, size_t size)
{
	static const char *const phrases[] = {"ermission denied", "EACCES"};
	for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
		if (memmem(line, size, phrases[i], strlen(phrases[i])))
			return true;
	return false;
}

/* The program has just asked for the path, so the kernel has it in memory, and a path that would
 * have to be fetched from elsewhere is none that is looked for. Returns a descriptor or -1. */
static int open_known(const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_CACHED | RESOLVE_NO_MAGICLINKS};
	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

static bool only_confinement_refuses(
	const struct conversion *conversion, const char *path, int file)
{
	const struct recipe *recipe = conversion->plan->recipe;
	if (!strncmp(path, "/dev/", 5) || !strncmp(path, "/proc/", 6) ||
		!strncmp(
			path, conversion->starter->temp.dir, strlen(conversion->starter->temp.dir)))
		return false;
	if (faccessat(file, "", R_OK, AT_EACCESS | AT_EMPTY_PATH) < 0)
		return false;
	for (size_t i = 0; i < conversion->count; i++)
		if (confinement_may_read(recipe->read, recipe->program_paths[i], path))
			return false;
	return true;
}

/* A path ends where its quote does, or with a blank, or with the colon before the error. So the
 * longest beginning that exists is looked for among these ends. */
static bool try_path(struct search *search, const char *text, size_t size)
{
	static const char ends[] = " \t\"'`):;,]>";
	size_t length = size < sizeof search->path ? size : sizeof search->path - 1;
	while (length > 1 && search->looks < LOOKS_MAX) {
		memcpy(search->path, text, length);
		search->path[length] = '\0';
		search->looks++;
		FD_CLEANUP int file = open_known(search->path);
		if (file >= 0)
			return only_confinement_refuses(search->conversion, search->path, file);
		do
			length--;
		while (length > 1 && !memchr(ends, text[length], sizeof ends - 1));
	}
	return false;
}

static bool search_line(struct search *search, const char *line, size_t size)
{
	for (size_t i = 0; i < size && search->looks < LOOKS_MAX; i++) {
		bool begins = line[i] == '/' && (i == 0 || strchr(" \t\"'`(=:[<@", line[i - 1]));
		if (begins && try_path(search, line + i, size - i))
			return true;
	}
	search->path[0] = '\0';
	return false;
}

void denied_explain(const struct conversion *conversion, struct text *reason)
{
	const struct stderr_tail *tail = &conversion->stderr_tail;
	struct search search = {.conversion = conversion};
	if (conversion->plan->recipe->confine == RECIPE_CONFINE_OFF)
		return;
	for (size_t at = 0; at < tail->length && search.looks < LOOKS_MAX;) {
		const char *line = tail->kept + at;
		const char *end = memchr(line, '\n', tail->length - at);
		size_t size = end ? (size_t)(end - line) : tail->length - at;
		at += size + 1;
		if (!is_complaint(line, size) || !search_line(&search, line, size))
			continue;
		text_puts(reason, ", confined: add ");
		text_escaped(reason, search.path, SHOWN_MAX);
		text_puts(reason, " to read");
		return;
	}
}
