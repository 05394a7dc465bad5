/* SPDX-License-Identifier: MIT */
#include "src/daemon/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "src/observe/access.h"
#include "base/pool.h"
#include "src/request/request.h"
#include "src/http/request_id.h"
#include "src/request/reply.h"
#include "src/status/status.h"

enum {
	ADMIN_THREADS = 4,
	COMMAND_MAX = 64,
	SEND_MS = 5000,	   /* for all of an answer, however little at a time is read */
	VISITORS_MAX = 64, /* of one kind; the others are refused */
};

/* Who looks at the root directory may be stuck there with its file system: so that the numbers
 * can be had all the same, the two kinds do not share their threads. */
struct counter {
	struct pool *pool;
	atomic_uint visitors; /* answered, or waiting for it */
};

struct admin {
	struct service *service;
	struct fcgi_loop *loop;
	struct counter status, health;
};

/* A request on its way to a thread of the admin. */
struct visit {
	struct admin *admin;
	struct counter *counter;
	struct config *config; /* a reference */
	struct fcgi_connection *connection;
	uint64_t start_us;
	char command[COMMAND_MAX]; /* "": the status page */
};

int admin_new(struct service *service, struct fcgi_loop *loop, struct admin **out)
{
	struct admin *admin = calloc(1, sizeof *admin);
	if (!admin)
		return -ENOMEM;
	admin->service = service;
	admin->loop = loop;
	int r = pool_new(ADMIN_THREADS, &admin->status.pool);
	if (r == 0)
		r = pool_new(ADMIN_THREADS, &admin->health.pool);
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
	free(admin);
}

/* Where the query of a URI begins, when its path is this one; NULL otherwise. */
static const char *query_of(const char *uri, const char *path)
{
	size_t length = strlen(path);
	if (strncmp(uri, path, length) != 0)
		return NULL;
	return uri[length] == '?' ? uri + length + 1 : uri[length] == '\0' ? uri + length : NULL;
}

struct body {
	char *data;
	size_t size;
	const char *type;
	int status;
};

static void make_status(struct visit *visit, enum status_form form, struct body *body)
{
	struct admin *admin = visit->admin;
	struct status_view *view =
		status_view_new(admin->service, visit->config, fcgi_loop_connections(admin->loop));
	FILE *out = view ? open_memstream(&body->data, &body->size) : NULL;
	if (out) {
		status_write(view, form, out);
		bool bad = ferror(out);
		if (fclose(out) == 0 && !bad)
			body->status = 200;
	}
	body->type = status_media_type(form);
	status_view_free(view);
}

/* What has to be there for the next request to be served. */
static void make_health(struct visit *visit, struct body *body)
{
	const struct service *service = visit->admin->service;
	FILE *out = open_memstream(&body->data, &body->size);
	if (!out)
		return;
	bool good = true;
	if (!spawner_is_alive(service->starter.spawner)) {
		fputs("the spawner is gone\n", out);
		good = false;
	}
	FD_CLEANUP int root = open(visit->config->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		fprintf(out, "root: %s\n", strerror(errno));
		good = false;
	}
	char name[] = "health";
	if (mkdirat(service->starter.temp_fd, name, 0700) < 0 && errno != EEXIST) {
		fprintf(out, "temporary directory: %s\n", strerror(errno));
		good = false;
	}
	unlinkat(service->starter.temp_fd, name, AT_REMOVEDIR);
	if (good)
		fputs("healthy\n", out);
	body->type = "text/plain; charset=utf-8";
	if (fclose(out) == 0)
		body->status = good ? 200 : 503;
}

static bool is_health(const char *command)
{
	return !strcmp(command, "health");
}

static void make_body(struct visit *visit, const char *uri, struct body *body)
{
	static const char status[] = "status";
	enum status_form form;
	const char *query = NULL;
	if (is_health(visit->command)) {
		make_health(visit, body);
		return;
	}
	if (!visit->command[0] && uri && visit->config->status_path)
		query = query_of(uri, visit->config->status_path);
	else if (!strncmp(visit->command, status, sizeof status - 1))
		query = visit->command + sizeof status - 1 +
			(visit->command[sizeof status - 1] == ' ');
	if (query && status_form_of(query, &form))
		make_status(visit, form, body);
	else
		body->status = 400;
}

static int send_body(struct visit *visit, const struct body *body, const char *id, bool head)
{
	struct fcgi_connection *connection = visit->connection;
	struct response response = {
		.status = body->status,
		.type = body->type,
		.length = body->size,
		.request_id = id,
		.cache_control = "no-store",
	};
	fcgi_connection_set_deadline(connection, clock_now_ms() + SEND_MS);
	if (!body->data || body->status == 400)
		return reply_send_error(connection, &response,
			body->status == 400 ? "?text, ?json, ?openmetrics or ?html" : "no memory",
			head);
	int r = reply_send_header(connection, &response);
	if (r == 0 && !head)
		r = fcgi_connection_write(connection, body->data, body->size);
	return r;
}

static void answer(void *data, void *item)
{
	struct admin *admin = data;
	struct visit *visit = item;
	struct fcgi_connection *connection = visit->connection;
	char id[REQUEST_ID_MAX + 1];
	struct body body = {.status = 500};
	int r = fcgi_connection_begin(connection);
	fcgi_connection_set_deadline(connection, clock_now_ms() + SEND_MS);
	request_id_make(fcgi_connection_param(connection, "HTTP_X_REQUEST_ID"),
		fcgi_connection_param(connection, "REQUEST_ID"), id);
	const char *method = fcgi_connection_param(connection, "REQUEST_METHOD");
	const char *uri = fcgi_connection_param(connection, "REQUEST_URI");
	bool head = method && !strcmp(method, "HEAD");
	if (r == 0 && !visit->command[0] && !head && (!method || strcmp(method, "GET") != 0)) {
		struct response response = {.status = 405, .request_id = id};
		body.status = 405;
		r = reply_send_error(connection, &response, outcome_message(OUTCOME_METHOD), false);
	} else if (r == 0) {
		make_body(visit, uri, &body);
		r = send_body(visit, &body, id, head);
	}
	struct fcgi_connection_stats stats = fcgi_connection_get_stats(connection);
	struct access access = {
		.id = id,
		.method = method,
		.uri = visit->command[0] ? visit->command : uri,
		.status = body.status,
		.outcome = body.status == 405	? OUTCOME_METHOD
			   : body.status == 400 ? OUTCOME_BAD_REQUEST
			   : body.status == 200 ? OUTCOME_OK
						: OUTCOME_INTERNAL,
		.copied = stats.copied,
		.times = {.start = visit->start_us, .end = clock_now_us()},
		.reason = "",
		.words = "",
	};
	access_log(&access);
	free(body.data);
	bool keep = r == 0 && fcgi_connection_end(connection) == 0;
	config_unref(visit->config);
	atomic_fetch_sub(&visit->counter->visitors, 1);
	free(visit);
	fcgi_loop_release(admin->loop, connection, keep);
}

static void answer_ping(struct admin *admin, struct fcgi_connection *connection)
{
	struct response response = {.status = 200,
		.type = "text/plain; charset=utf-8",
		.length = 3,
		.cache_control = "no-store"};
	int r = fcgi_connection_begin(connection);
	fcgi_connection_set_deadline(connection, 0);
	if (r == 0)
		r = reply_send_header(connection, &response);
	const char *method = fcgi_connection_param(connection, "REQUEST_METHOD");
	if (r == 0 && !(method && !strcmp(method, "HEAD")))
		r = fcgi_connection_write(connection, "ok\n", 3);
	bool keep = r == 0 && fcgi_connection_end(connection) == 0;
	fcgi_loop_release(admin->loop, connection, keep);
}

static bool submit(struct admin *admin, struct config *config, struct fcgi_connection *connection,
	const char *command)
{
	struct counter *counter = is_health(command) ? &admin->health : &admin->status;
	struct visit *visit = NULL;
	if (atomic_load(&counter->visitors) < VISITORS_MAX)
		visit = calloc(1, sizeof *visit);
	if (!visit)
		return false;
	*visit = (struct visit){.admin = admin,
		.counter = counter,
		.config = config_ref(config),
		.connection = connection,
		.start_us = clock_now_us()};
	snprintf(visit->command, sizeof visit->command, "%s", command);
	atomic_fetch_add(&counter->visitors, 1);
	if (pool_submit(counter->pool, answer, admin, visit) == 0)
		return true;
	atomic_fetch_sub(&counter->visitors, 1);
	config_unref(visit->config);
	free(visit);
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
		fcgi_loop_release(admin->loop, connection, false);
	}
	return true;
}
