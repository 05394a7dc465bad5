/* SPDX-License-Identifier: MIT */
#ifndef FCGI_CLIENT_H
#define FCGI_CLIENT_H

/*
 * The web server's half of FastCGI, for commands that ask a responder. Blocking, one request, any
 * thread.
 */

#include <stddef.h>

struct fcgi_client_param {
	const char *name, *value;
};

/* Where the answer goes; each pointer may be NULL. */
struct fcgi_client_sink {
	int *status; /* gets the number in the field Status, before `field` is called with that
			field */
	void *data;
	/* A line of the header fields without its end; the empty line is not given. */
	void (*field)(void *data, const char *line);
	/* A piece of the body. Returns 0 or -errno, which ends the request. */
	int (*body)(void *data, const void *bytes, size_t size);
};

/* Sends a request without a body over fd (a connected stream socket, borrowed) and takes the
 * answer. Returns 0 when it was complete, -EPROTO when the stream is not FastCGI or was broken by
 * the responder, -ECONNRESET when it ended too early, or another -errno. */
int fcgi_client_request(int fd, const struct fcgi_client_param *params, size_t count,
	const struct fcgi_client_sink *sink);

/* The same for a GET, as a web server passes it on. accept: NULL, there is no such field. */
int fcgi_client_get(
	int fd, const char *uri, const char *accept, const struct fcgi_client_sink *sink);

#endif
