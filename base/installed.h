/* SPDX-License-Identifier: MIT */
#ifndef BASE_INSTALLED_H
#define BASE_INSTALLED_H

/*
 * Where the parts of this installation are. They follow the program: `cmake --install --prefix`, a
 * relocated package or a copied tree give it another prefix than the one that it was built for. Any
 * thread.
 */

#include <limits.h>

/* The default configuration, and the library that holds programs. Relative ones are below the
 * prefix. */
#define INSTALLED_CONFIG SLUICE_INSTALLED_CONFIG
#define INSTALLED_WARM_LIBRARY SLUICE_INSTALLED_WARM_LIBRARY

/* The absolute path of a part. The prefix is the one in which the program lies. A program that lies
 * in no directory like the installed one (in the build tree) takes the prefix that it was built
 * for.
 * "": the path would be too long. */
void installed_find(const char *part, char path[PATH_MAX]);

/* The absolute path that a program of this installation for everybody would have: beside the
 * running program in the build tree, else in the prefix's directory of programs. "": the path would
 * be too long. */
void installed_program(const char *name, char path[PATH_MAX]);

#endif
