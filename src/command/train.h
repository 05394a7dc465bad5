/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_TRAIN_H
#define SRC_COMMAND_TRAIN_H

/* `sluice train`: runs recipes on samples and prints what they open after main, as `preload` lines
 * for the configuration. */

#include "src/config/config.h"

/* Each of the URLs, or without any: every recipe once for each format that it makes of each type of
 * source that is found below root. The programs run unconfined. Returns the exit status: 0 when all
 * URLs that were given were answered with 2xx. */
int train_run(struct config *config, char **urls, int url_count);

#endif
