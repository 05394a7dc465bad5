/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_LIBRARIES_H
#define SRC_RECIPE_LIBRARIES_H

/*
 * The shared libraries that the dynamic linker would load into a program. One thread at a time for
 * each struct.
 */

#include <stddef.h>

enum { LIBRARIES_MAX = 512 };

struct libraries {
	size_t count;
	char **paths; /* owned */
};

/* Asks the program's own dynamic linker (ld.so(8), --list), in a process of its own that is killed
 * after two seconds. Nothing of the program runs. env: variables of the recipe, NULL-terminated;
 * LD_LIBRARY_PATH and LD_PRELOAD have a meaning there. A program that has no dynamic linker (a
 * script, a static one), or whose linker knows no --list, has none. Returns 0 or -ENOMEM. */
int libraries_find(const char *program, char *const *env, struct libraries *out);
/* out is empty before. Returns 0 or -ENOMEM. */
int libraries_copy(const struct libraries *from, struct libraries *out);
void libraries_clear(struct libraries *libraries);

#endif
