/* SPDX-License-Identifier: MIT */
#ifndef SRC_DAEMON_ADMIN_H
#define SRC_DAEMON_ADMIN_H

/*
 * The admin endpoint: requests about the daemon itself. These are the status page, the ping, and
 * the commands `sluice status` and `sluice health`. They are answered beside all conversions, so
 * that they work when every slot, queue and worker is taken: the main thread answers the ping at
 * once, and a few threads of the endpoint answer the others.
 *
 * A command is the FastCGI parameter SLUICE_COMMAND with the value "status FORM" or "health". No
 * client can set it through a web server: header fields become HTTP_*, and all other parameters
 * come from the web server's own configuration (RFC 3875 §4.1.18). Any process that can connect to
 * the socket can send a command.
 */

#include <stdbool.h>

#include "fcgi/loop.h"
#include "src/config/config.h"
#include "src/request/service.h"

#define ADMIN_COMMAND "SLUICE_COMMAND"

struct admin;

/* service and loop are borrowed until admin_free. Returns 0 or -errno. */
int admin_new(struct service *service, struct fcgi_loop *loop, struct admin **out);
/* Waits for the requests that are being answered. NULL is fine. */
void admin_free(struct admin *admin);

/* Returns true when the request is one for the endpoint: the connection is then the endpoint's
 * until it is released. Takes its own reference to config. Main thread. */
bool admin_take(struct admin *admin, struct config *config, struct fcgi_connection *connection);

#endif
