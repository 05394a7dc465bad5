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
#include "src/command/output.h"
#include "src/daemon/sandbox.h"
#include "src/daemon/user.h"
#include "src/request/request.h"

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

struct rendering {
	const struct command_line *line;
	int status; /* of HTTP */
	int out;
};

static void show_field(void *data, const char *line)
{
	(void)data;
	fprintf(stderr, "%s\n", line);
}

static int take_body(void *data, const void *bytes, size_t size)
{
	const struct rendering *rendering = data;
	/* The text of an error goes where the other messages go. */
	bool good = rendering->status / 100 == 2;
	return fd_write_all(good ? rendering->out : STDERR_FILENO, bytes, size);
}

static int render(void *data, struct service *service, struct config *config)
{
	struct rendering *rendering = data;
	const struct command_line *line = rendering->line;
	const struct fcgi_client_sink sink = {.status = &rendering->status,
		.data = rendering,
		.field = show_field,
		.body = take_body};
	int r = render_request(
		service, config, line->operands[0], command_line_accept(line), &sink);
	if (r == -EPROTO)
		fputs("sluice: the answer is incomplete: the converter failed after it had begun\n",
			stderr);
	else if (r < 0)
		fprintf(stderr, "sluice: %s\n", strerror(-r));
	return r == 0 && rendering->status / 100 == 2 ? COMMAND_GOOD : COMMAND_FAILED;
}

int render_with_service(const struct command_line *line,
	int (*work)(void *data, struct service *service, struct config *config), void *data)
{
	struct config *config = command_line_load(line);
	if (!config)
		return COMMAND_FAILED;
	struct service service;
	int status = COMMAND_FAILED;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	int r = user_become_alone(config);
	if (r < 0) {
		config_unref(config); /* the reason is logged */
		return COMMAND_FAILED;
	}
	r = service_open(&service, config->temp_path);
	if (r == 0) {
		const char *const no_sockets[] = {NULL};
		if (sandbox_check(service.starter.spawner, config) == 0 &&
			(r = sandbox_enter(&service.starter, config, true, no_sockets)) == 0)
			status = work(data, &service, config);
		service_close(&service);
	}
	if (r < 0)
		fprintf(stderr, "sluice: cannot start with the temporary directory %s: %s\n",
			config->temp_path, strerror(-r));
	config_unref(config);
	return status;
}

static int render_to(void *data, int fd)
{
	struct rendering rendering = {.line = data, .out = fd};
	return render_with_service(data, render, &rendering);
}

int render_run(const struct command_line *line)
{
	struct command_line copy = *line;
	int status = COMMAND_FAILED;
	if (!line->output)
		return render_to(&copy, STDOUT_FILENO);
	int r = output_write(line->output, render_to, &copy, &status);
	if (r < 0)
		fprintf(stderr, "sluice: %s: %s\n", line->output, strerror(-r));
	return r == 0 && status >= 0 ? status : COMMAND_FAILED;
}
