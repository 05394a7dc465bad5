/* SPDX-License-Identifier: MIT */
#ifndef SRC_DESK_H
#define SRC_DESK_H

/*
 * What is asked of the daemon itself: the status page, the ping, and the commands `sluice status` and `sluice health`. Answered
 * beside all conversions: the ping by the main thread at once, the others by few threads of their own, so that they come
 * through when every slot, queue and worker is taken.
 *
 * A command is the FastCGI parameter SLUICE_COMMAND: "status FORM" or "health". No web server makes it of what a client sends:
 * header fields become HTTP_*, and everything else is of the web server's own configuration (RFC 3875 §4.1.18). Who can connect
 * to the socket can ask.
 */

#include <stdbool.h>

#include "fcgi/loop.h"
#include "src/config.h"
#include "src/service.h"

#define DESK_COMMAND "SLUICE_COMMAND"

struct desk;

/* service and loop stay the caller's. Returns 0 or -errno. */
int desk_new(struct service *service, struct fcgi_loop *loop, struct desk **out);
/* Waits for those who are being answered. NULL is fine. */
void desk_free(struct desk *desk);

/* True: the request is the desk's, and so is the connection until it is released; the caller's reference to config stays the
 * caller's. Main thread. */
bool desk_take(struct desk *desk, struct config *config, struct fcgi_connection *connection);

#endif
