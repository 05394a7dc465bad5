/* SPDX-License-Identifier: MIT */
/* For the commands, which ask a responder without a web server. The responder is a daemon of ours,
 * but its records are checked all the same. */
#include "fcgi/client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "fcgi/record.h"

enum { LINE_MAX_BYTES = 8192, PARAMS_MAX_BYTES = 32768 };

struct answer {
	const struct fcgi_client_sink *sink;
	bool in_body;
	size_t line_length;
	char line[LINE_MAX_BYTES];
};

static int read_exactly(int fd, void *data, size_t size)
{
	char *at = data;
	while (size > 0) {
		ssize_t n = read(fd, at, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static void put_record(struct text *text, uint8_t type, const void *content, size_t size)
{
	uint8_t wire[FCGI_HEADER_LEN];
	struct fcgi_header header = {
		.version = FCGI_VERSION_1, .type = type, .id = 1, .content_length = (uint16_t)size};
	fcgi_header_encode(&header, wire);
	text_append(text, wire, sizeof wire);
	text_append(text, content, size);
}

static void put_length(struct text *text, size_t length)
{
	uint8_t bytes[4] = {(uint8_t)(length >> 24 | 0x80), (uint8_t)(length >> 16),
		(uint8_t)(length >> 8), (uint8_t)length};
	text_append(text, length < 0x80 ? bytes + 3 : bytes, length < 0x80 ? 1 : 4);
}

static int send_request(int fd, const struct fcgi_client_param *params, size_t count)
{
	char pairs_buffer[PARAMS_MAX_BYTES], buffer[PARAMS_MAX_BYTES + 256];
	struct text pairs, request;
	text_init(&pairs, pairs_buffer, sizeof pairs_buffer);
	text_init(&request, buffer, sizeof buffer);
	for (size_t i = 0; i < count; i++) {
		put_length(&pairs, strlen(params[i].name));
		put_length(&pairs, strlen(params[i].value));
		text_puts(&pairs, params[i].name);
		text_puts(&pairs, params[i].value);
	}
	FCGI_BeginRequestBody begin = {.roleB0 = FCGI_RESPONDER};
	put_record(&request, FCGI_BEGIN_REQUEST, &begin, sizeof begin);
	if (pairs.len > 0)
		put_record(&request, FCGI_PARAMS, pairs.data, pairs.len);
	put_record(&request, FCGI_PARAMS, "", 0);
	put_record(&request, FCGI_STDIN, "", 0);
	if (pairs.overflow || request.overflow)
		return -E2BIG;
	return fd_write_all(fd, request.data, request.len);
}

static void take_field(const struct fcgi_client_sink *sink, const char *line)
{
	static const char status[] = "Status: ";
	if (sink->status && !strncmp(line, status, sizeof status - 1))
		*sink->status = (int)strtol(line + sizeof status - 1, NULL, 10);
	if (sink->field)
		sink->field(sink->data, line);
}

/* CGI header fields up to the empty line, then the body. */
static int take_stdout(struct answer *answer, const char *data, size_t size)
{
	const struct fcgi_client_sink *sink = answer->sink;
	while (size > 0 && !answer->in_body) {
		char c = *data++;
		size--;
		if (c != '\n') {
			if (answer->line_length == sizeof answer->line - 1)
				return -EPROTO;
			answer->line[answer->line_length++] = c;
			continue;
		}
		if (answer->line_length > 0 && answer->line[answer->line_length - 1] == '\r')
			answer->line_length--;
		answer->line[answer->line_length] = '\0';
		if (answer->line_length == 0)
			answer->in_body = true;
		else
			take_field(sink, answer->line);
		answer->line_length = 0;
	}
	return size > 0 && sink->body ? sink->body(sink->data, data, size) : 0;
}

int fcgi_client_request(int fd, const struct fcgi_client_param *params, size_t count,
	const struct fcgi_client_sink *sink)
{
	struct answer answer = {.sink = sink};
	int r = send_request(fd, params, count);
	while (r == 0) {
		uint8_t wire[FCGI_HEADER_LEN];
		char content[FCGI_MAX_LENGTH + 256];
		r = read_exactly(fd, wire, sizeof wire);
		if (r < 0)
			break;
		struct fcgi_header header = fcgi_header_decode(wire);
		if (header.version != FCGI_VERSION_1)
			return -EPROTO;
		r = read_exactly(
			fd, content, (size_t)header.content_length + header.padding_length);
		if (r < 0 || header.id != 1)
			continue;
		if (header.type == FCGI_STDOUT)
			r = take_stdout(&answer, content, header.content_length);
		else if (header.type == FCGI_END_REQUEST)
			return header.content_length == sizeof(FCGI_EndRequestBody) &&
					       content[4] == 0
				       ? 0
				       : -EPROTO;
	}
	return r;
}

int fcgi_client_get(
	int fd, const char *uri, const char *accept, const struct fcgi_client_sink *sink)
{
	const struct fcgi_client_param params[] = {
		{"REQUEST_METHOD", "GET"},
		{"REQUEST_URI", uri},
		{"HTTP_ACCEPT", accept},
	};
	return fcgi_client_request(fd, params, accept ? 3 : 2, sink);
}
