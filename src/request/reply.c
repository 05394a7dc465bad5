/* SPDX-License-Identifier: MIT */
/* A short answer is sent in one piece with its end: to copy so few bytes costs less than to wake up
 * the peer once for each record. */
#include "src/request/reply.h"

#include <errno.h>
#include <unistd.h>

#include "base/text.h"

enum { FIELDS_MAX = 8192, BODY_MAX = 1024 };

static void put_fields(const struct response *response, char buffer[FIELDS_MAX], struct text *text)
{
	text_init(text, buffer, FIELDS_MAX);
	response_fields(response, text);
}

int reply_send_header(struct fcgi_connection *connection, const struct response *response)
{
	char buffer[FIELDS_MAX];
	struct text text;
	put_fields(response, buffer, &text);
	return text.overflow ? -EMSGSIZE : fcgi_connection_write(connection, text.data, text.len);
}

/* Keeps the text for fcgi_connection_end. Without memory the text is sent now. */
static int send_last(struct fcgi_connection *connection, const struct text *text)
{
	if (text->overflow)
		return -EMSGSIZE;
	const struct iovec part = {text->data, text->len};
	int r = fcgi_connection_write_last(connection, &part, 1);
	return r == -ENOMEM ? fcgi_connection_write(connection, text->data, text->len) : r;
}

int reply_send_alone(struct fcgi_connection *connection, const struct response *response)
{
	char buffer[FIELDS_MAX];
	struct text text;
	put_fields(response, buffer, &text);
	return send_last(connection, &text);
}

int reply_send_memory(
	struct fcgi_connection *connection, const struct response *response, const void *content)
{
	char buffer[FIELDS_MAX];
	struct text text;
	put_fields(response, buffer, &text);
	if (text.overflow)
		return -EMSGSIZE;
	const struct iovec parts[] = {
		{text.data, text.len}, {(void *)(uintptr_t)content, response->length}};
	return fcgi_connection_write_last(connection, parts, 2);
}

int reply_send_short(struct fcgi_connection *connection, const struct response *response, int file,
	uint64_t offset)
{
	char content[REPLY_SHORT_MAX];
	size_t have = 0;
	while (have < response->length) {
		ssize_t n = pread(
			file, content + have, response->length - have, (off_t)(offset + have));
		if (n == 0)
			return -ENODATA;
		if (n < 0 && errno != EINTR)
			return -errno;
		have += n > 0 ? (size_t)n : 0;
	}
	return reply_send_memory(connection, response, content);
}

int reply_send_error(struct fcgi_connection *connection, const struct response *response,
	const char *message, bool head)
{
	char body_buffer[BODY_MAX], buffer[FIELDS_MAX + BODY_MAX];
	struct text body, text;
	text_init(&body, body_buffer, sizeof body_buffer);
	text_printf(&body, "%s (request %s)\n", message, response->request_id);
	struct response error = *response;
	error.type = "text/plain; charset=utf-8";
	error.length = body.len;
	text_init(&text, buffer, sizeof buffer);
	response_fields(&error, &text);
	if (!head)
		text_append(&text, body.data, body.len);
	return send_last(connection, &text);
}
