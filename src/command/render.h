/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_RENDER_H
#define SRC_COMMAND_RENDER_H

/*
 * The command `render`: one request, answered without a web server; and what the commands that run
 * converters have in common. Main thread.
 */

#include "fcgi/client.h"
#include "src/command/command_line.h"
#include "src/request/service.h"

/* The body goes to stdout, or to the file of -o; status and header fields go to stderr. Returns the
 * exit status: 0 only for a 2xx with a complete body. */
int render_run(const struct command_line *line);

/* Reads the configuration, becomes its user when root calls, confines this process as the daemon
 * confines itself, and calls work, which may answer requests. Returns what work returns, or
 * COMMAND_FAILED with the reason on stderr. */
int render_with_service(const struct command_line *line,
	int (*work)(void *data, struct service *service, struct config *config), void *data);

/* Answers one request as the daemon does. accept: NULL when there is none. Returns 0 when the
 * answer was complete, or an error of fcgi_client_get. */
int render_request(struct service *service, struct config *config, const char *uri,
	const char *accept, const struct fcgi_client_sink *sink);

#endif
