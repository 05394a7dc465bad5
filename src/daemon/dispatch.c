/* SPDX-License-Identifier: MIT */
/*
 * Where a complete request goes: to the admin endpoint, to the fast path of the main thread, or to
 * a worker thread. A connection has one owner at a time. The main thread owns it within
 * server_take_request; after fcgi_loop_detach the worker owns it, until fcgi_loop_release gives it
 * back to the loop. serve() and end_slowly() run in a worker thread, close_request() in either, and
 * everything else in the main thread.
 */
#include "src/daemon/internal.h"

#include <errno.h>

#include "base/log.h"
#include "src/request/request.h"
#include "src/request/storage.h"

static void serve(void *data, void *item)
{
	struct server *server = data;
	struct request *request = item;
	struct fcgi_connection *connection = request_get_connection(request);
	if (request_serve(request)) {
		bool keep = request_end(request) && fcgi_connection_end(connection) == 0;
		fcgi_loop_release(server->loop, connection, keep);
	}
	request_free(request);
}

/* The end is sent, or r says why it is not. */
static void close_request(struct server *server, struct request *request, int r)
{
	struct fcgi_connection *connection = request_get_connection(request);
	if (r < 0)
		request_cut(request, r);
	bool keep = request_end(request) && fcgi_connection_end(connection) == 0;
	request_free(request);
	fcgi_loop_release(server->loop, connection, keep);
}

static void end_slowly(void *data, void *item)
{
	struct server *server = data;
	struct request *request = item;
	int r = fcgi_connection_send_end(request_get_connection(request), true);
	admission_give_place(server->service.admission);
	close_request(server, request, r);
}

/* The web server has not taken the whole answer yet, so a worker sends the rest. The worker needs a
 * place in the admission queue: otherwise slow readers could occupy all threads. */
static bool submit_end(struct server *server, struct request *request)
{
	if (!admission_take_place(server->service.admission))
		return false;
	fcgi_loop_detach(server->loop, request_get_connection(request));
	bool submitted = pool_submit(server->pool, end_slowly, server, request) == 0;
	if (!submitted)
		admission_give_place(server->service.admission);
	return submitted;
}

/* The log tells whether the answer went out, so it is sent before it is logged. */
static void close_answered(struct server *server, struct request *request)
{
	struct fcgi_connection *connection = request_get_connection(request);
	int r = request_is_sound(request) ? fcgi_connection_send_end(connection, false) : 0;
	if (r != -EAGAIN || !submit_end(server, request))
		close_request(server, request, r);
}

void server_take_request(void *data, struct fcgi_connection *connection)
{
	struct server *server = data;
	if (admin_take(server->admin, server->config, connection))
		return;
	struct request *request = request_new(&server->service, server->config, connection);
	if (!request) {
		request_refuse(connection);
		log_warning("request refused: out of memory");
		fcgi_loop_release(server->loop, connection, false);
		return;
	}
	if (request_answer_at_once(request)) {
		close_answered(server, request);
		return;
	}
	fcgi_loop_detach(server->loop, connection);
	storage_expect(server->service.storage);
	if (pool_submit(server->pool, serve, server, request) == 0)
		return;
	storage_settle(server->service.storage);
	metrics_count(server->service.observer.metrics, METRICS_NO_THREAD);
	request_give_up(request);
	close_answered(server, request);
}

/* The worker hangs in the look-up. It only frees the request, when it comes back after
 * storage_release. */
static void answer_late(struct server *server, struct storage_wait *wait)
{
	struct request *request = wait->request;
	struct fcgi_connection *connection = request_get_connection(request);
	request_time_out(request);
	int r = request_is_sound(request) ? fcgi_connection_send_end(connection, false) : 0;
	if (r < 0)
		request_cut(request, r);
	bool keep = request_end(request) && fcgi_connection_end(connection) == 0;
	storage_release(server->service.storage, wait);
	fcgi_loop_release(server->loop, connection, keep);
}

static void do_nothing(void *data, void *item)
{
	(void)data;
	(void)item;
}

/* A worker that hangs counts as none, up to as many as there may be otherwise
 * (server_apply_limits). A new thread also takes what waits for one. */
static void replace_workers(struct server *server, unsigned hanging)
{
	unsigned before = server->extra_threads;
	server->extra_threads = hanging < server->threads ? hanging : server->threads;
	pool_set_threads(server->pool, server->threads + server->extra_threads);
	for (; before < server->extra_threads; before++)
		pool_submit(server->pool, do_nothing, NULL, server);
}

void server_tend_storage(struct server *server)
{
	struct storage *storage = server->service.storage;
	struct storage_wait *wait;
	if (!storage_is_due(storage))
		return;
	while ((wait = storage_claim(storage)))
		answer_late(server, wait);
	unsigned hanging = storage_look(storage).hanging;
	if (hanging > 0 || server->extra_threads > 0)
		replace_workers(server, hanging);
}
