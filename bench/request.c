/* SPDX-License-Identifier: MIT */
/* The measuring programs make their request once, before the measurement starts. */
#include "bench/request.h"

#include <fastcgi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct request *request, const void *data, size_t size)
{
	if (size > sizeof request->bytes - request->length) {
		fputs("request too long\n", stderr);
		exit(1);
	}
	memcpy(request->bytes + request->length, data, size);
	request->length += size;
}

static void put_record(struct request *request, uint8_t type, const void *data, size_t size)
{
	uint8_t header[FCGI_HEADER_LEN] = {
		FCGI_VERSION_1, type, 0, 1, (uint8_t)(size >> 8), (uint8_t)size};
	put(request, header, sizeof header);
	put(request, data, size);
}

static void put_pair(struct request *params, const char *name, const char *value)
{
	size_t length = strlen(value);
	uint8_t head[5] = {(uint8_t)strlen(name), 0x80, 0, (uint8_t)(length >> 8), (uint8_t)length};
	put(params, head, sizeof head);
	put(params, name, strlen(name));
	put(params, value, length);
}

void request_make(struct request *request, const char *uri, const char *script, bool keep)
{
	const uint8_t begin[8] = {0, FCGI_RESPONDER, keep ? FCGI_KEEP_CONN : 0};
	const char *query = strchr(uri, '?');
	struct request params = {0};
	request->length = 0;
	put_pair(&params, "REQUEST_METHOD", "GET");
	put_pair(&params, "REQUEST_URI", uri);
	put_pair(&params, "QUERY_STRING", query ? query + 1 : "");
	put_pair(&params, "SCRIPT_FILENAME", script);
	put_record(request, FCGI_BEGIN_REQUEST, begin, sizeof begin);
	put_record(request, FCGI_PARAMS, params.bytes, params.length);
	put_record(request, FCGI_PARAMS, "", 0);
	put_record(request, FCGI_STDIN, "", 0);
}
