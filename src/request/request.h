/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_REQUEST_H
#define SRC_REQUEST_REQUEST_H

/*
 * One request, from its parameters to its line in the log. A request belongs to one thread at a
 * time.
 */

#include <stdbool.h>

#include "fcgi/connection.h"
#include "src/config/config.h"
#include "src/request/service.h"

struct request;

/* Begins the request whose parameters the connection has read completely. Takes a reference to
 * config. NULL: no memory. */
struct request *request_new(
	struct service *service, struct config *config, struct fcgi_connection *connection);

/* Main thread: answers the request when this needs neither a conversion nor waiting. Returns false
 * when nothing was sent; request_serve is due then. The service must have a memo. */
bool request_answer_at_once(struct request *request);
/* Answers the request. Blocks; for worker threads. Returns false when the main thread has answered
 * it meanwhile: then only request_free is due. */
bool request_serve(struct request *request);
/* Answers 503, because the look-up of the source hangs in a worker. Does not block. */
void request_time_out(struct request *request);
/* Answers 503, because there is no thread for the request. Does not block. */
void request_give_up(struct request *request);

struct fcgi_connection *request_get_connection(const struct request *request);

/* Whether the end of the answer is due, so that fcgi_connection_send_end may be called. */
bool request_is_sound(const struct request *request);
/* The end could not be sent, by this -errno of fcgi_connection_send_end. -EAGAIN: the peer was
 * slow, and no place or no thread was free to wait for it. Before request_end. */
void request_cut(struct request *request, int error);
/* Logs the request after its answer. Returns true when fcgi_connection_end is due, and false when
 * the connection can only be closed. */
bool request_end(struct request *request);
/* This may take long: with the last descriptor of a large file the kernel frees its blocks. So call
 * it after fcgi_connection_end, and the client does not wait for it. It does not touch the
 * connection. */
void request_free(struct request *request);

/* Answers 503 without a request. Does not block. */
void request_refuse(struct fcgi_connection *connection);

#endif
