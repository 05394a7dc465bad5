/* SPDX-License-Identifier: MIT */
#include "burglar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PLAN_MAX = 1 << 16, LINES_MAX = 512 };

static const struct burglar_entry *const tables[] = {burglar_files, burglar_attributes,
	burglar_code, burglar_processes, burglar_sockets, burglar_kernel, burglar_limits};

static const char *const kinds[TARGET_KINDS] = {
	"read", "link", "list", "open", "file", "prey", "room", "process", "socket"};

static struct line {
	char *kind, *name, *argument;
} lines[LINES_MAX];
static size_t line_count;

int burglar_result(long returned)
{
	return returned < 0 ? -errno : 0;
}

const char *burglar_value(const char *name)
{
	for (size_t i = 0; i < line_count; i++)
		if (strcmp(lines[i].kind, "set") == 0 && strcmp(lines[i].name, name) == 0)
			return lines[i].argument;
	return "";
}

static void read_plan(void)
{
	static char plan[PLAN_MAX];
	ssize_t n = pread(3, plan, sizeof plan - 1, 0);
	plan[n < 0 ? 0 : n] = '\0';
	for (char *at = plan; *at && line_count < LINES_MAX;) {
		char *end = at + strcspn(at, "\n");
		char *next = *end ? end + 1 : end;
		*end = '\0';
		struct line *line = &lines[line_count++];
		line->kind = strsep(&at, " ");
		line->name = at ? strsep(&at, " ") : end;
		line->argument = at ? at : end;
		at = next;
	}
}

static void make(const struct burglar_entry *entry, const char *name, const char *argument)
{
	int r = entry->attempt(argument);
	const char *error = strerrorname_np(-r);
	if (r == BURGLAR_NO_EFFECT)
		error = "no-effect";
	printf("%s %s %s\n", entry->name, name, r == 0 ? "done" : error ? error : "?");
	fflush(stdout);
}

static void make_on_all(const struct burglar_entry *entry)
{
	if (entry->targets == 0)
		make(entry, "-", "");
	for (unsigned kind = 0; kind < TARGET_KINDS; kind++)
		for (size_t i = 0; i < line_count && entry->targets >> kind & 1; i++)
			if (strcmp(lines[i].kind, kinds[kind]) == 0)
				make(entry, lines[i].name, lines[i].argument);
}

static const struct burglar_entry *find(const char *name)
{
	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
		for (const struct burglar_entry *entry = tables[t]; entry->name; entry++)
			if (strcmp(entry->name, name) == 0)
				return entry;
	return NULL;
}

int main(int argc, char **argv)
{
	/* It was executed as what an earlier attempt has written. */
	if (argc > 1 && strcmp(argv[1], "written") == 0) {
		printf("%s - done\n", argc > 2 ? argv[2] : "?");
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "names") == 0) {
		for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
			for (const struct burglar_entry *entry = tables[t]; entry->name; entry++)
				puts(entry->name);
		return 0;
	}
	read_plan();
	for (size_t i = 0; i < line_count; i++) {
		if (strcmp(lines[i].kind, "try") != 0)
			continue;
		const struct burglar_entry *entry = find(lines[i].name);
		if (!entry)
			return 2;
		make_on_all(entry);
	}
	return 0;
}
