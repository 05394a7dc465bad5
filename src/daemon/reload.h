/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_RELOAD_H
#define SRC_DAEMON_RELOAD_H

/*
 * Another configuration, prepared beside the loop by a thread of its own: reading hundreds of
 * recipes takes a second, and a name of a user may have to be asked of a directory server. What
 * is left for the loop is to exchange pointers. The same thread frees configurations when the
 * last request has let go of them. Main thread.
 */

#include <stdbool.h>

#include "src/config/config.h"
#include "src/request/service.h"

struct reload;

/* file is copied; service stays the caller's. Returns 0 or -errno. */
int reload_new(const char *file, const struct service *service, struct reload **out);
/* Waits only a moment for what is under way: the thread touches nothing of the service any more
 * then, and frees the rest when it comes back. NULL is fine. */
void reload_free(struct reload *reload);

/* Reads the file. What is asked for while it is being read is one more reading after that. */
void reload_ask(struct reload *reload);

/* Readable when reload_take has something. */
int reload_get_fd(const struct reload *reload);

struct reload_result {
	struct config *config; /* a reference; NULL: it was refused, and the log says why */
	struct launcher_wish *wish;
	bool more; /* it is being read once more */
};

/* Both pointers are the caller's. False: there is nothing yet. */
bool reload_take(struct reload *reload, struct reload_result *out);

/* Takes the reference to a configuration that is not in force any more. */
void reload_retire(struct reload *reload, struct config *config);

#endif
