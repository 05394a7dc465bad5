/* SPDX-License-Identifier: MIT */
/*
 * First line: a pattern; second: a path. Whatever matches must be the path again when the holes are
 * filled with what was found in them; a source has no empty segment, no other hole a slash.
 */
#include "src/recipe/pattern.h"
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

static void check_match(const char *text, const char *path, const struct pattern_match *match)
{
	size_t hole = 0;
	while (*text) {
		if (*text != '{') {
			MUST(*text++ == *path++);
			continue;
		}
		size_t name = strcspn(++text, "}");
		const char *value = match->holes[hole].value;
		size_t len = strlen(value);
		bool source = name == 6 && !memcmp(text, "source", 6);
		MUST(hole < match->count && len > 0 && !strncmp(path, value, len));
		MUST(!strncmp(text, match->holes[hole].name, name));
		MUST(source || !strchr(value, '/'));
		MUST(value[0] != '/' && value[len - 1] != '/' && !strstr(value, "//"));
		path += len;
		text += name + 1;
		hole++;
	}
	MUST(*path == '\0' && hole == match->count);
	MUST(pattern_match_get(match, "source"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pattern_match match;
	struct fuzz_bytes bytes = {data, size};
	char *text = fuzz_text(&bytes, '\n'), *path = fuzz_text(&bytes, '\0');
	char error[128] = "";
	const char *names[PATTERN_HOLES_MAX];
	struct pattern *pattern = pattern_new(text, error, sizeof error);
	MUST(!pattern == !!*error);
	if (pattern) {
		MUST(!strcmp(pattern_text(pattern), text));
		MUST(pattern_holes(pattern, names) < PATTERN_HOLES_MAX + 1);
		if (pattern_matches(pattern, path, &match))
			check_match(text, path, &match);
	}
	pattern_free(pattern);
	free(text);
	free(path);
	return 0;
}
