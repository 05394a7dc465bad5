/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_LIBRARY_SEARCH_H
#define SRC_RECIPE_LIBRARY_SEARCH_H

/*
 * Where the dynamic linker looks for a library that is named without a slash: LD_LIBRARY_PATH, the
 * list of the program (DT_RPATH, DT_RUNPATH), the directories from which ldconfig(8) makes its
 * cache, and those that are built into the linker. Nothing is run and nothing is loaded. One thread
 * at a time for each struct.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { LIBRARY_DIRECTORIES_MAX = 64 };

struct library_search {
	size_t count;
	char *directories[LIBRARY_DIRECTORIES_MAX]; /* owned; each one once */
	const char *library_path;		    /* LD_LIBRARY_PATH of env; NULL: none */
};

/* program: NULL: none in particular. env: variables of the recipe, NULL-terminated; borrowed until
 * library_search_close. */
void library_search_open(struct library_search *search, const char *program, char *const *env);
void library_search_close(struct library_search *search);

/* Writes the directory that an item such as "$ORIGIN/../lib" means in a list of the file. Of a
 * program that is the file itself, not a link to it. Returns false when it is not an absolute path,
 * or too long. */
bool library_search_expand(
	const char *item, size_t length, const char *file, char directory[PATH_MAX]);

/* Writes the place number `index` of a library, or of a module that is named by its path below such
 * a directory. There need not be a file. Returns false when there are no more places; a place whose
 * path is too long is "". */
bool library_search_place(
	const struct library_search *search, size_t index, const char *name, char path[PATH_MAX]);

/* The first place with an ELF file of this machine. Returns whether there is one. */
bool library_search_find(
	const struct library_search *search, const char *name, char path[PATH_MAX]);

/* A library that is there and differs from `name` in the number behind ".so" only. Returns whether
 * there is one. */
bool library_search_suggest(
	const struct library_search *search, const char *name, char other[NAME_MAX + 1]);

#endif
