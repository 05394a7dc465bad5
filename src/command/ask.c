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

int ask_run(const char *address, const char *command)
{
	signal(SIGPIPE, SIG_IGN);
	FD_CLEANUP int fd = -1;
	int status = 0;
	int r = listener_connect(address, &fd);
	if (r != 0) {
		fprintf(stderr, "sluice: %s: %s\n", address,
			r == LISTENER_E_ADDRESS ? "not unix:PATH, tcp:HOST:PORT or tcp6:[ADDR]:PORT"
						: strerror(-r));
		return 1;
	}
	/* Who does not answer is not healthy. */
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	const struct fcgi_client_param params[] = {{ADMIN_COMMAND, command}};
	const struct fcgi_client_sink sink = {
		.status = &status, .data = &status, .body = take_body};
	r = fcgi_client_request(fd, params, 1, &sink);
	if (r < 0)
		fprintf(stderr, "sluice: %s: %s\n", address, strerror(-r));
	return r == 0 && status == 200 ? 0 : 1;
}
