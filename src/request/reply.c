/* SPDX-License-Identifier: MIT */
/* A short answer goes out in one piece with its end: for so few bytes a copy costs less than waking
 * the peer up once for each record. */
#include "src/request/reply.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { FIELDS_MAX = 8192, BODY_MAX = 1024 };

int reply_send_header(struct fcgi_connection *connection, const struct response *response)
{
	char buffer[FIELDS_MAX];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	response_fields(response, &text);
	return text.overflow ? -EMSGSIZE : fcgi_connection_write(connection, text.data, text.len);
}

int reply_send_alone(struct fcgi_connection *connection, const struct response *response)
{
	char buffer[FIELDS_MAX];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	response_fields(response, &text);
	return text.overflow ? -EMSGSIZE
			     : fcgi_connection_write_last(connection, text.data, text.len);
}

/* The fields, and room for the content behind them, which fcgi_connection_last_done ends. NULL:
 * there is none, *error says why. */
static char *begin_last(struct fcgi_connection *connection, const struct response *response,
	size_t *fields, int *error)
{
	char buffer[FIELDS_MAX];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	response_fields(response, &text);
	*error = text.overflow ? -EMSGSIZE : -ENOMEM;
	char *last = text.overflow ? NULL
				   : fcgi_connection_last(connection, text.len + response->length);
	if (!last)
		return NULL;
	memcpy(last, text.data, text.len);
	*fields = text.len;
	return last + text.len;
}

int reply_send_short(struct fcgi_connection *connection, const struct response *response, int file,
	uint64_t offset)
{
	size_t fields, have = 0;
	int r;
	char *content = begin_last(connection, response, &fields, &r);
	if (!content)
		return r;
	r = 0;
	while (have < response->length && r == 0) {
		ssize_t n = pread(
			file, content + have, response->length - have, (off_t)(offset + have));
		if (n > 0)
			have += (size_t)n;
		else if (n == 0)
			r = -ENODATA;
		else if (errno != EINTR)
			r = -errno;
	}
	fcgi_connection_last_done(connection, r == 0 ? fields + have : 0);
	return r;
}

int reply_send_memory(
	struct fcgi_connection *connection, const struct response *response, const void *content)
{
	size_t fields;
	int r;
	char *room = begin_last(connection, response, &fields, &r);
	if (!room)
		return r;
	memcpy(room, content, response->length);
	fcgi_connection_last_done(connection, fields + response->length);
	return 0;
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
	return fcgi_connection_write_last(connection, text.data, text.len);
}
