/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_ADMIN_H
#define SRC_DAEMON_ADMIN_H

/*
 * What is asked of the daemon itself: the status page, the ping, and the commands `sluice status`
 * and `sluice health`. Answered beside all conversions: the ping by the main thread at once, the
 * others by few threads of their own, so that they come through when every slot, queue and worker
 * is taken.
 *
 * A command is the FastCGI parameter SLUICE_COMMAND: "status FORM" or "health". No web server makes
 * it of what a client sends: header fields become HTTP_*, and everything else is of the web
 * server's own configuration (RFC 3875 §4.1.18). Who can connect to the socket can ask.
 */

#include <stdbool.h>

#include "fcgi/loop.h"
#include "src/config/config.h"
#include "src/request/service.h"

#define ADMIN_COMMAND "SLUICE_COMMAND"

struct admin;

/* service and loop stay the caller's. Returns 0 or -errno. */
int admin_new(struct service *service, struct fcgi_loop *loop, struct admin **out);
/* Waits for those who are being answered. NULL is fine. */
void admin_free(struct admin *admin);

/* True: the request is the admin's, and so is the connection until it is released; the caller's
 * reference to config stays the caller's. Main thread. */
bool admin_take(struct admin *admin, struct config *config, struct fcgi_connection *connection);

#endif
