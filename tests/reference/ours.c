/* SPDX-License-Identifier: MIT */
/*
 * The same responder by the functions of fcgi/. Two state machines read each connection: one gets
 * it as it comes, the other byte by byte, and they must agree. The body is dropped by input.c, so
 * the latter is watched for its bytes.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/input.h"
#include "fcgi/params.h"
#include "tests/reference/tell.h"

#define MUST(condition) ((condition) ? (void)0 : abort())

struct reader {
	int fd;
	struct fcgi_input whole, single;
	struct tell_body body;
};

static bool send_all(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;
	while (size > 0) {
		ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static bool send_stdout(int fd, uint16_t id, const char *text, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t n = length - at < 65528 ? length - at : 65528;
		struct fcgi_header header = {.version = FCGI_VERSION_1,
			.type = FCGI_STDOUT,
			.id = id,
			.content_length = (uint16_t)n};
		uint8_t bytes[FCGI_HEADER_LEN];
		fcgi_header_encode(&header, bytes);
		if (!send_all(fd, bytes, sizeof bytes) || !send_all(fd, text + at, n))
			return false;
		at += n;
	}
	return true;
}

static void tell_params(FILE *out, struct fcgi_input *input)
{
	long length = input->params_too_large
			      ? -E2BIG
			      : fcgi_params_decode(input->params, input->params_length);
	if (length < 0)
		fprintf(out, "error %s\n", strerror((int)-length));
	const char *at = (const char *)input->params;
	for (const char *end = length > 0 ? at + length : at; at < end;) {
		const char *value = at + strlen(at) + 1;
		tell_pair(out, at, value);
		at = value + strlen(value) + 1;
	}
}

/* True: the connection may be used again. */
static bool answer(struct reader *reader)
{
	char *text = NULL;
	size_t length = 0;
	struct fcgi_input *input = &reader->single;
	MUST(reader->whole.id == input->id && reader->whole.keep == input->keep &&
		reader->whole.params_length == input->params_length &&
		(input->params_length == 0 ||
			!memcmp(reader->whole.params, input->params, input->params_length)));
	FILE *out = open_memstream(&text, &length);
	MUST(out);
	fputs("Content-Type: text/plain\r\n\r\n", out);
	tell_params(out, input);
	tell_body(out, &reader->body);
	MUST(fclose(out) == 0);
	uint8_t end[FCGI_END_REQUEST_LEN];
	fcgi_end_request_encode(input->id, 0, FCGI_REQUEST_COMPLETE, end);
	bool sent = send_stdout(reader->fd, input->id, text, length) &&
		    send_all(reader->fd, end, sizeof end);
	free(text);
	bool keep = input->keep;
	fcgi_input_finish(&reader->whole);
	fcgi_input_finish(input);
	reader->body = (struct tell_body)TELL_BODY_EMPTY;
	return sent && keep;
}

/* All of data; false when it is broken. What it has to say to the peer is dropped. */
static bool feed_whole(struct fcgi_input *input, const uint8_t *data, size_t size)
{
	for (size_t at = 0; at < size && !input->broken;) {
		at += fcgi_input_feed(input, data + at, size - at);
		input->reply_length = 0;
	}
	return !input->broken;
}

/* The same, one byte: false also when the connection is to be closed. */
static bool feed_byte(struct reader *reader, const uint8_t *byte)
{
	struct fcgi_input *input = &reader->single;
	uint16_t left = input->content_left;
	bool content = input->header_length == FCGI_HEADER_LEN && left > 0;
	MUST(fcgi_input_feed(input, byte, 1) == 1);
	if (content && input->record.type == FCGI_STDIN && input->running && input->params_done &&
		input->record.id == input->id)
		tell_body_add(&reader->body, byte, 1);
	if (!send_all(reader->fd, input->reply, input->reply_length))
		return false;
	input->reply_length = 0;
	return !input->broken && !input->close_soon;
}

static void serve(struct reader *reader)
{
	uint8_t buffer[8192];
	for (;;) {
		ssize_t n = recv(reader->fd, buffer, sizeof buffer, 0);
		if (n <= 0)
			return;
		bool whole = feed_whole(&reader->whole, buffer, (size_t)n);
		for (ssize_t i = 0; i < n; i++)
			if (!feed_byte(reader, buffer + i))
				return;
		MUST(whole && fcgi_input_complete(&reader->whole) ==
				      fcgi_input_complete(&reader->single));
		if (fcgi_input_complete(&reader->single) && !answer(reader))
			return;
	}
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		struct reader reader = {.fd = accept(0, NULL, NULL), .body = TELL_BODY_EMPTY};
		if (reader.fd < 0)
			return 1;
		fcgi_input_init(&reader.whole);
		reader.whole.connections_max = 10000;
		fcgi_input_init(&reader.single);
		reader.single.connections_max = 10000;
		serve(&reader);
		fcgi_input_clear(&reader.whole);
		fcgi_input_clear(&reader.single);
		close(reader.fd);
	}
}
