/* SPDX-License-Identifier: MIT */
#ifndef SRC_SHARE_STORE_H
#define SRC_SHARE_STORE_H

/* The opening of the store. sharing_due, sharing_take, sharing_tend and sharing_problem of share.h
 * are here, too. */

#include "src/share/share.h"

/* Opens the store that the configuration names, or logs why it cannot and notes when to try again.
 * Main thread. */
void store_open(struct sharing *sharing, const struct config *config);
/* No other function of the sharing may be running. */
void store_close(struct sharing *sharing);

#endif
