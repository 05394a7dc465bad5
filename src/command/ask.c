/* SPDX-License-Identifier: MIT */
#include "src/command/ask.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "fcgi/client.h"
#include "fcgi/listener.h"
#include "src/daemon/admin.h"

enum { TIMEOUT_S = 10 };

static int take_body(void *data, const void *bytes, size_t size)
{
	const int *status = data;
	return fd_write_all(*status == 200 ? STDOUT_FILENO : STDERR_FILENO, bytes, size);
}

static int connect_to(const char *address, int *fd)
{
	int r = listener_connect(address, fd);
	if (r != 0) {
		fprintf(stderr, "sluice: %s: %s\n", address,
			r == LISTENER_E_ADDRESS ? "not unix:PATH, tcp:HOST:PORT or tcp6:[ADDR]:PORT"
						: strerror(-r));
		return r;
	}
	/* A daemon that does not answer is not healthy. */
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	return 0;
}

static int ask_at(const char *address, const char *command)
{
	FD_CLEANUP int fd = -1;
	int status = 0;
	signal(SIGPIPE, SIG_IGN);
	if (connect_to(address, &fd) != 0)
		return COMMAND_FAILED;
	const struct fcgi_client_param params[] = {{ADMIN_COMMAND, command}};
	const struct fcgi_client_sink sink = {
		.status = &status, .data = &status, .body = take_body};
	int r = fcgi_client_request(fd, params, 1, &sink);
	if (r < 0)
		fprintf(stderr, "sluice: %s: %s\n", address, strerror(-r));
	return r == 0 && status == 200 ? COMMAND_GOOD : COMMAND_FAILED;
}

static int ask(const struct command_line *line, const char *command)
{
	struct config *config = line->socket ? NULL : command_line_load_blind(line);
	if (!line->socket && !config)
		return COMMAND_FAILED;
	const char *address = command_line_address(line, config);
	int status = address ? ask_at(address, command) : COMMAND_FAILED;
	config_unref(config);
	return status;
}

int ask_status_run(const struct command_line *line)
{
	static const char *const forms[] = {"text", "json", "openmetrics", "html"};
	const char *form = line->operand_count > 0 ? line->operands[0] : forms[0];
	char command[32];
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!strcmp(form, forms[i])) {
			snprintf(command, sizeof command, "status %s", form);
			return ask(line, command);
		}
	return command_line_refuse(
		line, "the form of the status is text, json, openmetrics or html");
}

int ask_health_run(const struct command_line *line)
{
	return ask(line, "health");
}
