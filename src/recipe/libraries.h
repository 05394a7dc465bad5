/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_LIBRARIES_H
#define SRC_RECIPE_LIBRARIES_H

/*
 * The shared libraries that the dynamic linker would load into a program, found in the files
 * themselves: nothing is run. One thread at a time for each struct.
 */

#include <stddef.h>

enum { LIBRARIES_MAX = 512 };

struct libraries {
	size_t count;
	char **paths; /* owned */
};

/* Follows DT_NEEDED from the program on, and searches as ld.so(8) does: DT_RPATH, DT_RUNPATH,
 * LD_LIBRARY_PATH, the directories of the system (library_search.h). A name that is found in
 * several places counts once, as the first; a variant for newer processors (glibc-hwcaps) counts
 * beside it. env: variables of the recipe, NULL-terminated; LD_LIBRARY_PATH and LD_PRELOAD have a
 * meaning there. opened: what the program opens by itself, NULL-terminated: paths, and names that
 * dlopen(3) finds; of a name all files count that may be meant. What these need counts, too. A
 * program that is no ELF file of this machine, or a static one, has none. Returns 0 or
 * -ENOMEM. */
int libraries_find(
	const char *program, char *const *env, char *const *opened, struct libraries *out);
void libraries_clear(struct libraries *libraries);

#endif
