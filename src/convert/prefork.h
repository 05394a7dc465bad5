/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONVERT_PREFORK_H
#define SRC_CONVERT_PREFORK_H

/* Which programs a configuration wants held: those of its recipes with `start = warm`. */

#include "src/config/config.h"
#include "src/convert/starter.h"

/* For launcher_set. temp_dir: that of the service. Any thread. Returns 0 or -ENOMEM. */
int prefork_wish(const struct config *config, const char *temp_dir, struct launcher_wish **out);

#endif
