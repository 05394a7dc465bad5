/* SPDX-License-Identifier: MIT */
#ifndef SRC_WARMTH_H
#define SRC_WARMTH_H

/* Tells the launcher which programs a configuration wants held: those of its recipes with `start = warm`. */

#include "src/config.h"
#include "src/service.h"

/* Main thread. Returns 0 or -ENOMEM. */
int warmth_set(struct service *service, const struct config *config);

#endif
