/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_MAKERS_H
#define SRC_RECIPE_MAKERS_H

/*
 * The files that make a recipe's results: its programs, the shared libraries that the dynamic
 * linker loads into them, the modules of `preload` with their libraries, and what `read` names. A
 * result belongs to them: when one of them changes, an older result is another one.
 *
 * What a program opens by itself in its main, and `preload` does not name, is not known here; the
 * option `version` is for that.
 */

#include <stdbool.h>
#include <time.h>

#include "src/recipe/digest.h"

struct recipe;
struct makers;

struct makers_state {
	uint8_t digest[DIGEST_BYTES]; /* of all of them: path, inode, size, times */
	time_t changed;		      /* when the last of them was changed or installed */
};

/* recipe is borrowed for life, and complete when makers_look is called first. NULL: no memory. */
struct makers *makers_new(const struct recipe *recipe);
/* NULL is fine. */
void makers_free(struct makers *makers);

/* How they are now. The first call lists the files, which may take some milliseconds a program. The
 * files are looked at again when the last look is MAKERS_FRESH_MS old. Any thread. Returns 0 or
 * -ENOMEM. */
enum { MAKERS_FRESH_MS = 500 };
int makers_look(struct makers *makers, struct makers_state *out);
/* The same for a thread that must not wait: false when a look is due. */
bool makers_peek(struct makers *makers, struct makers_state *out);

#endif
