/* SPDX-License-Identifier: MIT */
/*
 * A socket pair stands for the connection of the web server. One thread answers the request at one
 * end, as a worker of the daemon does; the main thread is the web server at the other end.
 */
#include "src/command/render.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "src/request/request.h"
#include "src/daemon/sandbox.h"

struct responder {
	struct service *service;
	struct config *config;
	struct fcgi_connection *connection;
};

static void *respond(void *argument)
{
	struct responder *responder = argument;
	struct fcgi_connection *connection = responder->connection;
	struct pollfd poll_fd = {.fd = fcgi_connection_get_fd(connection), .events = POLLIN};
	int r = 0;
	while ((r == 0 || r == -EAGAIN) &&
		!fcgi_input_complete(fcgi_connection_get_input(connection))) {
		poll(&poll_fd, 1, -1);
		r = fcgi_connection_read(connection);
	}
	struct request *request =
		r == 0 ? request_new(responder->service, responder->config, connection) : NULL;
	if (request) {
		request_serve(request);
		if (request_end(request))
			fcgi_connection_end(connection);
		request_free(request);
	}
	fcgi_connection_free(connection);
	return NULL;
}

static void show_field(void *data, const char *line)
{
	(void)data;
	fprintf(stderr, "%s\n", line);
}

static int take_body(void *data, const void *bytes, size_t size)
{
	const int *status = data;
	/* The text of an error goes where the other messages go. */
	return fd_write_all(*status / 100 == 2 ? STDOUT_FILENO : STDERR_FILENO, bytes, size);
}

int render_request(struct service *service, struct config *config, const char *uri,
	const char *accept, const struct fcgi_client_sink *sink)
{
	int pair[2];
	struct responder responder = {.service = service, .config = config};
	pthread_t thread;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	responder.connection = fcgi_connection_new(pair[0]);
	int r = responder.connection ? -pthread_create(&thread, NULL, respond, &responder)
				     : -ENOMEM;
	if (r < 0) {
		fcgi_connection_free(responder.connection);
		fd_close(&pair[1]);
		return r;
	}
	r = fcgi_client_get(pair[1], uri, accept, sink);
	fd_close(&pair[1]);
	pthread_join(thread, NULL);
	return r;
}

static int render(struct service *service, struct config *config, const struct command_line *line)
{
	int status = 0;
	const struct fcgi_client_sink sink = {
		.status = &status, .data = &status, .field = show_field, .body = take_body};
	if (sandbox_check(service->starter.spawner, config) < 0)
		return COMMAND_FAILED;
	int r = render_request(
		service, config, line->operands[0], command_line_accept(line), &sink);
	if (r == -EPROTO)
		fputs("sluice: the answer is incomplete: the converter failed after it had begun\n",
			stderr);
	else if (r < 0)
		fprintf(stderr, "sluice: %s\n", strerror(-r));
	return r == 0 && status / 100 == 2 ? COMMAND_GOOD : COMMAND_FAILED;
}

int render_run(const struct command_line *line)
{
	struct config *config = command_line_load(line);
	if (!config)
		return COMMAND_FAILED;
	struct service service;
	int status = COMMAND_FAILED;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	int r = service_open(&service, config->temp_path);
	if (r == 0) {
		status = render(&service, config, line);
		service_close(&service);
	} else {
		fprintf(stderr, "sluice: cannot start: %s\n", strerror(-r));
	}
	config_unref(config);
	return status;
}
