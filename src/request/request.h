/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_REQUEST_H
#define SRC_REQUEST_REQUEST_H

/*
 * One request from its parameters to its line in the log.
 */

#include <stdbool.h>

#include "fcgi/connection.h"
#include "src/config/config.h"
#include "src/request/service.h"

struct request;

/* Takes up the complete request on the connection; takes a reference to config. NULL: no memory. */
struct request *request_new(
	struct service *service, struct config *config, struct fcgi_connection *connection);
/* Answers it when that needs neither a conversion nor any waiting. False: nothing has happened,
 * request_serve is due. The loop's thread; the service has a memo. */
bool request_answer_at_once(struct request *request);
/* Answers it. Blocks; worker threads. */
void request_serve(struct request *request);
/* Answers 503: there is no thread that could serve it. Does not block. */
void request_give_up(struct request *request);
struct fcgi_connection *request_get_connection(const struct request *request);
/* Logs it: all has been said but the end. Returns whether fcgi_connection_end is due; otherwise
 * the connection can only be closed. */
bool request_end(struct request *request);
/* With everything that it needed. This may take long, for with the last descriptor of a large
 * file the kernel frees its blocks: after fcgi_connection_end, so that the client does not wait
 * for it. It does not look at the connection any more. */
void request_free(struct request *request);

/* Answers 503 without taking anything up. Does not block. */
void request_refuse(struct fcgi_connection *connection);

#endif
