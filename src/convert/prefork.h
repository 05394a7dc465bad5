/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_PREFORK_H
#define SRC_CONVERT_PREFORK_H

/* Prefork: which programs a configuration wants to have held, loaded and ready to run. These are
 * the programs of its recipes with `start = warm`. */

#include "src/config/config.h"
#include "src/convert/starter.h"

/* Makes the wish for launcher_set. temp_dir: of the starter. hold: false wishes nothing, so that
 * all programs start cold. Any thread. Returns 0 or -ENOMEM. */
int prefork_wish(
	const struct config *config, const char *temp_dir, bool hold, struct launcher_wish **out);

/* Whether all programs of the recipe are held now, as this recipe wants them. Any thread. */
bool prefork_holds(struct launcher *launcher, const struct config *config, const char *temp_dir,
	const struct recipe *recipe);

#endif
