/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_H
#define SRC_REQUEST_H

/*
 * One request from its parameters to its line in the log.
 */

#include <stdbool.h>

#include "fcgi/connection.h"
#include "src/config.h"
#include "src/service.h"

/* Answers the complete request on the connection. Blocks; worker threads. Everything that the
 * request needed is gone when it returns. Returns whether the connection can be kept. */
bool request_serve(
	struct service *service, struct config *config, struct fcgi_connection *connection);

/* Answers 503 without doing anything else, for when there is no thread. Does not block. */
void request_refuse(struct fcgi_connection *connection);

#endif
