/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_RELOAD_H
#define SRC_DAEMON_RELOAD_H

/*
 * Prepares another configuration in a thread of its own. Reading hundreds of recipes takes a
 * second, and looking up a user may need a directory server. The loop only has to exchange
 * pointers. The same thread frees old configurations when the last request has released them. Main
 * thread.
 */

#include <stdbool.h>

#include "spawn/launcher.h"
#include "src/config/config.h"

struct reload;

struct reload_options {
	const char *file, *temp_dir;  /* copied */
	const struct config *started; /* with which the daemon has started; only for the call */
	void *data;		      /* for the callback; borrowed until reload_free */
	/* Tells the daemon about a configuration before it can come into force. Returns 0, or
	 * -errno to refuse it, with the reason logged. Called in the thread of the reload; it must
	 * not wait for anything, because reload_free waits for it. */
	int (*introduce)(void *data, const struct config *config);
};

/* The thread blocks the signals that the caller's thread blocks. Returns 0 or -errno. */
int reload_new(const struct reload_options *options, struct reload **out);
/* Waits a fifth of a second for a reload that is under way. After that the thread still runs, but
 * it uses nothing that the caller has given, and it frees its own memory when it returns. NULL is
 * fine. */
void reload_free(struct reload *reload);

/* Reads the file. Requests that arrive during a reading cause one more reading together. */
void reload_ask(struct reload *reload);

/* Readable when reload_take has a result. Borrowed. */
int reload_get_fd(const struct reload *reload);

/* The outcome of one or more readings. config and wish are those of the last good one. */
struct reload_result {
	struct config *config; /* a reference; NULL: no reading was good */
	struct launcher_wish *wish;
	bool failed; /* the last reading was refused; the log says why */
	bool more;   /* the file is about to be read again */
};

/* config and wish become the caller's. Returns false when there is no result yet. */
bool reload_take(struct reload *reload, struct reload_result *out);

/* Takes the reference to a configuration that is no longer in force. */
void reload_retire(struct reload *reload, struct config *config);

#endif
