/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_PATTERN_H
#define SRC_RECIPE_PATTERN_H

/*
 * A recipe's `path`: literal text and {name} holes, e.g. "/thumb/{size}/{source}". {source} takes
 * one or more path segments, none of them empty, and stands behind a '/'; any other hole takes a
 * part of one segment. `source` stands exactly once, and between two holes there is text. Pure, any
 * thread.
 */

#include <stdbool.h>
#include <stddef.h>

enum { PATTERN_HOLES_MAX = 16 };

struct pattern;

struct pattern_match {
	size_t count;
	struct {
		const char *name; /* the pattern's */
		char *value;	  /* in storage */
	} holes[PATTERN_HOLES_MAX];
	char storage[8192 + PATTERN_HOLES_MAX];
};

/* Compiles text. Returns NULL and one line in error (of error_size bytes) when it is malformed. */
struct pattern *pattern_new(const char *text, char *error, size_t error_size);
void pattern_free(struct pattern *pattern);
const char *pattern_text(const struct pattern *pattern);

/* Names of the holes but `source`, in order; returns their number. */
size_t pattern_holes(const struct pattern *pattern, const char *names[PATTERN_HOLES_MAX]);

/* Matches a decoded path from its first to its last byte. Without a choice: each hole takes as
 * little as lets the rest match, {source} as much. Time is bounded: O(length of path x holes). */
bool pattern_matches(const struct pattern *pattern, const char *path, struct pattern_match *match);

/* The value of a hole, or NULL. */
const char *pattern_match_get(const struct pattern_match *match, const char *name);

#endif
