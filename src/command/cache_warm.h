/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_CACHE_WARM_H
#define SRC_COMMAND_CACHE_WARM_H

/* `cache warm`. Main thread. */

struct cache_warm_options {
	const char *address; /* of the daemon */
	const char *accept;  /* NULL: the requests have no such field */
	unsigned parallel;   /* requests at once */
	char *const *urls;   /* "-": more of them from stdin, one a line */
	int count;
};

/* Asks for each URL. Returns the exit status: 0 when all were answered with 200. */
int cache_warm(const struct cache_warm_options *options);

#endif
