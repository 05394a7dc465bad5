/* SPDX-License-Identifier: MIT */
#ifndef SRC_COMMAND_EXPLAIN_H
#define SRC_COMMAND_EXPLAIN_H

/*
 * `sluice explain` and `sluice render`: what a URL means, and what comes of it, without a web
 * server. Main thread.
 */

#include "fcgi/client.h"
#include "src/config/config.h"
#include "src/request/service.h"

struct explain_request {
	const char *uri;
	const char *accept; /* NULL: none */
};

/* Prints recipe, values, source and argv to stdout; an error to stderr. Returns the exit status of
 * the command. */
int explain_run(struct config *config, const struct explain_request *request);

/* Body to stdout, status and header fields to stderr. Returns the exit status: 0 only for 2xx and a
 * complete body. */
int render_run(struct config *config, const struct explain_request *request);

/* One request the whole way through. Returns 0 when the answer was complete, or as
 * fcgi_client_request. */
int render_request(struct service *service, struct config *config,
	const struct explain_request *request, const struct fcgi_client_sink *sink);

#endif
