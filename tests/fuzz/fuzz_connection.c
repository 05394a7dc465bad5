/* SPDX-License-Identifier: MIT */
/*
 * A whole connection over a socketpair: the input is what a web server sends; every complete request gets a small answer. What comes back
 * must be records and nothing else, and not one more answer than there were requests.
 */
#include "fcgi/connection.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STREAM_MAX = 65536 };

static int answer(struct fcgi_connection *connection)
{
	static const char body[] = "Status: 200\r\n\r\nbody";
	int r = fcgi_connection_begin(connection);
	MUST(r == 0 || r == -EINVAL || r == -E2BIG);
	const char *uri = fcgi_connection_param(connection, "REQUEST_URI");
	if (uri)
		MUST(strlen(uri) < FCGI_PARAMS_MAX);
	r = fcgi_connection_write(connection, body, sizeof body - 1);
	return r < 0 ? r : fcgi_connection_end(connection);
}

/* The daemon's side, until the stream ends. Returns how many answers were written to their end. */
static unsigned serve(struct fcgi_connection *connection)
{
	unsigned answers = 0;
	for (;;) {
		int r = fcgi_connection_read(connection);
		if (r < 0)
			return answers;
		if (!fcgi_input_complete(fcgi_connection_get_input(connection)))
			continue;
		r = answer(connection);
		if (r < 0)
			return answers;
		answers++;
		if (r > 0)
			return answers;
	}
}

static void check_records(int fd, unsigned answers)
{
	static uint8_t out[1 << 20];
	size_t have = 0;
	for (ssize_t n; (n = recv(fd, out + have, sizeof out - have, MSG_DONTWAIT)) > 0;)
		have += (size_t)n;
	unsigned bodies = 0;
	size_t at = 0;
	while (have - at >= FCGI_HEADER_LEN) {
		struct fcgi_header header = fcgi_header_decode(out + at);
		size_t length = (size_t)header.content_length + header.padding_length;
		MUST(header.version == FCGI_VERSION_1);
		MUST(header.type == FCGI_STDOUT || header.type == FCGI_END_REQUEST ||
			header.type == FCGI_GET_VALUES_RESULT || header.type == FCGI_UNKNOWN_TYPE);
		bodies += header.type == FCGI_STDOUT && header.content_length > 0;
		if (have - at - FCGI_HEADER_LEN < length)
			break;
		at += FCGI_HEADER_LEN + length;
	}
	MUST(bodies == answers || bodies == answers + 1); /* the last one may have found nobody */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];
	if (size > STREAM_MAX)
		return 0;
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	int large = 1 << 20;
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
	bool sent = send(pair[1], data, size, MSG_NOSIGNAL) == (ssize_t)size;
	struct fcgi_connection *connection = fcgi_connection_new(pair[0]);
	MUST(connection);
	fcgi_connection_set_send_timeout(connection, 5);
	if (sent && size > 0)
		check_records(pair[1], serve(connection));
	fcgi_connection_free(connection);
	close(pair[1]);
	return 0;
}
