/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_CACHE_H
#define SRC_COMMAND_CACHE_H

/*
 * `sluice cache ls | stat | purge PATTERN | verify | warm URL…`. The store is looked at and changed
 * while daemons use it; `warm` asks the running daemon, so that what it makes is the daemon's. Main
 * thread.
 */

#include "src/config/config.h"

/* address: where the daemon listens, for `warm`; accept: of its requests; both may be NULL. words:
 * the command and what belongs to it. Returns the exit status: 0; 1: something is wrong with the
 * store, or not every URL gave a 200; 2: it was not understood. */
int caching_run(const struct config *config, const char *address, const char *accept,
	char *const *words, int count);

/* caching_warm.c. "-" among the URLs: they are read from stdin, one a line. */
int caching_warm(const struct config *config, const char *address, const char *accept,
	char *const *urls, int count);

#endif
