/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_PATTERN_H
#define SRC_RECIPE_PATTERN_H

/*
 * The `path` of a recipe: literal text and holes, e.g. "/thumb/{size}/{source}". {source} takes one
 * or more path segments, none of them empty, and stands behind a '/'. It stands exactly once. Any
 * other hole takes a part of one segment. There is text between two holes. Pure, any thread.
 */

#include <stdbool.h>
#include <stddef.h>

enum { PATTERN_HOLES_MAX = 16 };

struct pattern;

struct pattern_match {
	size_t count;
	struct {
		const char *name; /* belongs to the pattern */
		char *value;	  /* in storage */
	} holes[PATTERN_HOLES_MAX];
	char storage[8192 + PATTERN_HOLES_MAX];
};

/* Compiles text. Returns NULL and one line in error (of error_size bytes) when it is malformed. */
struct pattern *pattern_new(const char *text, char *error, size_t error_size);
void pattern_free(struct pattern *pattern);
const char *pattern_text(const struct pattern *pattern);

/* The names of the holes except `source`, in order. Returns their number. */
size_t pattern_holes(const struct pattern *pattern, const char *names[PATTERN_HOLES_MAX]);

/* Matches a decoded path from its first to its last byte. Each hole takes as little as lets the
 * rest match, {source} as much. The time is bounded: O(length of path x holes). */
bool pattern_matches(const struct pattern *pattern, const char *path, struct pattern_match *match);

/* The value of a hole, or NULL. */
const char *pattern_match_get(const struct pattern_match *match, const char *name);

#endif
