/* SPDX-License-Identifier: MIT */
/*
 * The main thread calls admin_take, which recognizes a request of the endpoint. It answers a ping
 * itself; any other request becomes a struct admin_request, which a thread of the endpoint owns and
 * frees. A check of the root directory may hang in its file system, so `status` and `health` have
 * threads and limits of their own: status stays available then.
 *
 * No lock: a lane's count is atomic, and the rest of struct admin does not change after the start.
 */
#include "src/daemon/admin.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "src/daemon/health.h"
#include "src/http/request_id.h"
#include "src/observe/access.h"
#include "src/request/reply.h"
#include "src/request/request.h"
#include "src/status/status.h"

enum {
	LANE_THREADS = 4,
	LANE_REQUESTS_MAX = 64, /* being answered or waiting; further ones are refused */
	COMMAND_MAX = 64,
	PROBLEM_MAX = 4096,
	SEND_MS = 5000, /* for a whole answer, however slowly it is read */
};

#define TEXT_TYPE "text/plain; charset=utf-8"

struct lane {
	struct pool *pool;
	atomic_uint requests;
};

struct admin {
	struct service *service;
	struct fcgi_loop *loop;
	struct lane status, health;
	struct root_watch *watch;
};

struct admin_request {
	struct lane *lane;
	struct config *config; /* a reference */
	struct fcgi_connection *connection;
	uint64_t start_us;
	char command[COMMAND_MAX]; /* "": a request for the status page */
};

struct body {
	char *data; /* NULL: none */
	size_t size;
	const char *type;
	bool varies;			/* the form was chosen by Accept */
	char policy[STATUS_POLICY_MAX]; /* "": none */
	int status;
};

int admin_new(struct service *service, struct fcgi_loop *loop, struct admin **out)
{
	struct admin *admin = calloc(1, sizeof *admin);
	if (!admin)
		return -ENOMEM;
	admin->service = service;
	admin->loop = loop;
	int r = pool_new(LANE_THREADS, &admin->status.pool);
	if (r == 0)
		r = pool_new(LANE_THREADS, &admin->health.pool);
	if (r == 0)
		r = root_watch_new(&admin->watch);
	if (r < 0)
		admin_free(admin);
	else
		*out = admin;
	return r;
}

void admin_free(struct admin *admin)
{
	if (!admin)
		return;
	pool_free(admin->status.pool);
	pool_free(admin->health.pool);
	root_watch_free(admin->watch);
	free(admin);
}

/* Where the query of a URI begins, when this is its path; else NULL. */
static const char *query_of(const char *uri, const char *path)
{
	size_t length = strlen(path);
	if (strncmp(uri, path, length) != 0)
		return NULL;
	return uri[length] == '?' ? uri + length + 1 : uri[length] == '\0' ? uri + length : NULL;
}

static void make_status(const struct admin *admin, const struct config *config,
	enum status_form form, struct body *body)
{
	struct status_view *view = status_view_new(admin->service, config,
		fcgi_loop_connections(admin->loop), fcgi_loop_connections_max(admin->loop));
	FILE *out = view ? open_memstream(&body->data, &body->size) : NULL;
	if (out) {
		status_write(view, form, out);
		bool bad = ferror(out);
		if (fclose(out) == 0 && !bad)
			body->status = 200;
		status_policy(view, form, body->policy);
	}
	body->type = status_media_type(form);
	status_view_free(view);
}

static void make_health(const struct admin *admin, const struct config *config, struct body *body)
{
	FILE *out = open_memstream(&body->data, &body->size);
	if (!out)
		return;
	bool good = health_check(&admin->service->starter, admin->watch, config->root, out);
	char buffer[PROBLEM_MAX];
	struct text problem;
	text_init(&problem, buffer, sizeof buffer);
	/* It serves, only slower: that is for a human to see, and no reason to restart it. */
	if (sharing_problem(&admin->service->sharing, &problem))
		fprintf(out, "yellow: %s\n", problem.data);
	body->type = TEXT_TYPE;
	if (fclose(out) == 0)
		body->status = good ? 200 : 503;
}

static bool is_health(const char *command)
{
	return !strcmp(command, "health");
}

/* The form of the status page that is asked for; NULL: it is another request. */
static const char *wanted_form(const struct admin_request *request, const char *uri)
{
	static const char status[] = "status";
	const char *form = request->command + sizeof status - 1;
	if (!request->command[0])
		return uri && request->config->status_path
			       ? query_of(uri, request->config->status_path)
			       : NULL;
	if (strncmp(request->command, status, sizeof status - 1) != 0)
		return NULL;
	return form + (*form == ' ');
}

static void make_body(const struct admin *admin, const struct admin_request *request,
	const char *uri, struct body *body)
{
	enum status_form form;
	const char *wanted = wanted_form(request, uri);
	const char *accept = request->command[0]
				     ? NULL
				     : fcgi_connection_param(request->connection, "HTTP_ACCEPT");
	if (is_health(request->command))
		make_health(admin, request->config, body);
	else if (wanted && status_form_of(wanted, accept, &form))
		make_status(admin, request->config, form, body);
	else
		body->status = 400;
	body->varies = wanted && !*wanted && !request->command[0];
}

static int send_body(
	struct fcgi_connection *connection, const struct body *body, const char *id, bool head)
{
	struct response response = {
		.status = body->status,
		.type = body->type,
		.length = body->size,
		.request_id = id,
		.cache_control = "no-store",
		.policy = body->policy[0] ? body->policy : NULL,
		.varies = body->varies,
	};
	fcgi_connection_set_deadline(connection, clock_now_ms() + SEND_MS);
	if (body->status == 400)
		return reply_send_error(connection, &response,
			"the form is ?text, ?json, ?openmetrics, ?html or ?help", head);
	if (!body->data)
		return reply_send_error(connection, &response, "out of memory", head);
	int r = reply_send_header(connection, &response);
	if (r == 0 && !head)
		r = fcgi_connection_write(connection, body->data, body->size);
	return r;
}

static enum outcome outcome_of(int status)
{
	switch (status) {
	case 200:
		return OUTCOME_OK;
	case 400:
		return OUTCOME_BAD_REQUEST;
	case 405:
		return OUTCOME_METHOD;
	default:
		return OUTCOME_INTERNAL;
	}
}

/* For the log: what a failed check has found, or what the status says. */
static const char *reason_of(const struct body *body, char buffer[ACCESS_REASON_MAX])
{
	if (body->status < 400)
		return "";
	if (body->status != 503 || !body->data)
		return outcome_message(outcome_of(body->status));
	snprintf(buffer, ACCESS_REASON_MAX, "%s", body->data);
	for (char *end; (end = strchr(buffer, '\n'));)
		*end = end[1] ? ';' : '\0';
	return buffer;
}

static int refuse_method(struct fcgi_connection *connection, const char *id)
{
	struct response response = {.status = 405, .request_id = id};
	return reply_send_error(connection, &response, outcome_message(OUTCOME_METHOD), false);
}

/* Sends the answer, and writes the line of the log. Returns 0 or the connection's -errno. */
static int respond(const struct admin *admin, const struct admin_request *request)
{
	struct fcgi_connection *connection = request->connection;
	char id[REQUEST_ID_MAX + 1];
	char reason[ACCESS_REASON_MAX];
	struct body body = {.status = 500};
	int r = fcgi_connection_begin(connection);
	fcgi_connection_set_deadline(connection, clock_now_ms() + SEND_MS);
	request_id_make(fcgi_connection_param(connection, "HTTP_X_REQUEST_ID"),
		fcgi_connection_param(connection, "REQUEST_ID"), id);
	const char *method = fcgi_connection_param(connection, "REQUEST_METHOD");
	const char *uri = fcgi_connection_param(connection, "REQUEST_URI");
	bool head = method && !strcmp(method, "HEAD");
	if (r == 0 && !request->command[0] && !head && (!method || strcmp(method, "GET") != 0)) {
		body.status = 405;
		r = refuse_method(connection, id);
	} else if (r == 0) {
		make_body(admin, request, uri, &body);
		r = send_body(connection, &body, id, head);
	}
	struct access access = {
		.id = id,
		.method = method,
		.uri = request->command[0] ? request->command : uri,
		.status = body.status,
		.outcome = outcome_of(body.status),
		.copied = fcgi_connection_get_stats(connection).copied,
		.times = {.start = request->start_us, .end = clock_now_us()},
		.reason = reason_of(&body, reason),
		.stderr_tail = "",
	};
	access_log(&access);
	free(body.data);
	return r;
}

/* In a thread of the lane. */
static void answer(void *data, void *item)
{
	struct admin *admin = data;
	struct admin_request *request = item;
	struct fcgi_connection *connection = request->connection;
	int r = respond(admin, request);
	bool keep = r == 0 && fcgi_connection_end(connection) == 0;
	config_unref(request->config);
	atomic_fetch_sub(&request->lane->requests, 1);
	free(request);
	fcgi_loop_release(admin->loop, connection, keep);
}

static void answer_ping(struct admin *admin, struct fcgi_connection *connection)
{
	static const char body[] = "ok\n";
	struct response response = {.status = 200,
		.type = TEXT_TYPE,
		.length = sizeof body - 1,
		.cache_control = "no-store"};
	int r = fcgi_connection_begin(connection);
	fcgi_connection_set_deadline(connection, 0);
	if (r == 0)
		r = reply_send_header(connection, &response);
	const char *method = fcgi_connection_param(connection, "REQUEST_METHOD");
	if (r == 0 && !(method && !strcmp(method, "HEAD")))
		r = fcgi_connection_write(connection, body, sizeof body - 1);
	bool keep = r == 0 && fcgi_connection_end(connection) == 0;
	fcgi_loop_release(admin->loop, connection, keep);
}

static bool submit(struct admin *admin, struct config *config, struct fcgi_connection *connection,
	const char *command)
{
	struct lane *lane = is_health(command) ? &admin->health : &admin->status;
	struct admin_request *request = NULL;
	if (atomic_load(&lane->requests) < LANE_REQUESTS_MAX)
		request = calloc(1, sizeof *request);
	if (!request)
		return false;
	*request = (struct admin_request){.lane = lane,
		.config = config_ref(config),
		.connection = connection,
		.start_us = clock_now_us()};
	snprintf(request->command, sizeof request->command, "%s", command);
	atomic_fetch_add(&lane->requests, 1);
	if (pool_submit(lane->pool, answer, admin, request) == 0)
		return true;
	atomic_fetch_sub(&lane->requests, 1);
	config_unref(request->config);
	free(request);
	return false;
}

bool admin_take(struct admin *admin, struct config *config, struct fcgi_connection *connection)
{
	char uri[CONFIG_URL_PATH_MAX + 32], command[COMMAND_MAX] = "";
	bool is_command =
		fcgi_connection_peek(connection, ADMIN_COMMAND, command, sizeof command) &&
		command[0];
	bool has_uri = (config->ping_path || config->status_path) &&
		       fcgi_connection_peek(connection, "REQUEST_URI", uri, sizeof uri);
	if (!is_command && has_uri && config->ping_path && query_of(uri, config->ping_path)) {
		answer_ping(admin, connection);
		return true;
	}
	if (!is_command && !(has_uri && config->status_path && query_of(uri, config->status_path)))
		return false;
	fcgi_loop_detach(admin->loop, connection);
	if (!submit(admin, config, connection, command)) {
		request_refuse(connection);
		log_warning("admin request refused: too many of them are being answered, or there "
			    "is no thread or memory");
		fcgi_loop_release(admin->loop, connection, false);
	}
	return true;
}
