/* SPDX-License-Identifier: MIT */
/* Why not FCGX_Accept_r of libfcgi: it reads ahead into a buffer of its own, so its caller cannot
 * see an ABORT_REQUEST or a second BEGIN_REQUEST that arrived together with the request. It blocks
 * a thread until a slow peer has sent its parameters. It allocates the length that a name-value
 * pair claims. Here, all bytes pass one state machine that never waits. */
#include "fcgi/input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/params.h"

void fcgi_input_init(struct fcgi_input *input)
{
	memset(input, 0, sizeof *input);
}

void fcgi_input_clear(struct fcgi_input *input)
{
	free(input->params);
	free(input->values);
	fcgi_input_init(input);
}

void fcgi_input_finish(struct fcgi_input *input)
{
	free(input->params);
	input->params = NULL;
	input->params_length = input->params_size = 0;
	input->running = input->params_done = input->params_too_large = false;
	input->stdin_done = input->aborted = input->answering = false;
}

bool fcgi_input_complete(const struct fcgi_input *input)
{
	return input->running && input->params_done && input->stdin_done;
}

bool fcgi_input_foreign(const struct fcgi_input *input)
{
	return input->broken && !input->spoken;
}

bool fcgi_input_in_progress(const struct fcgi_input *input)
{
	return input->header_length > 0 || (input->running && !fcgi_input_complete(input));
}

static void reply(struct fcgi_input *input, const uint8_t *record, size_t size)
{
	memcpy(input->reply + input->reply_length, record, size);
	input->reply_length = (uint16_t)(input->reply_length + size);
}

static void refuse(struct fcgi_input *input, uint8_t protocol_status)
{
	uint8_t record[FCGI_END_REQUEST_LEN];
	fcgi_end_request_encode(input->record.id, 0, protocol_status, record);
	reply(input, record, sizeof record);
}

/* FastCGI 1.0 §5.1. */
static void begin_request(struct fcgi_input *input)
{
	FCGI_BeginRequestBody body;
	memcpy(&body, input->body, sizeof body);
	bool keep = body.flags & FCGI_KEEP_CONN;
	if (input->running && input->record.id == input->id) {
		input->broken = true;
	} else if (input->running) {
		refuse(input, FCGI_CANT_MPX_CONN);
	} else if ((body.roleB1 << 8 | body.roleB0) != FCGI_RESPONDER) {
		refuse(input, FCGI_UNKNOWN_ROLE);
		input->close_soon = !keep;
	} else {
		fcgi_input_finish(input);
		input->running = true;
		input->keep = keep;
		input->id = input->record.id;
	}
}

/* FastCGI 1.0 §4.1: answers the names that were asked for and are known. Each connection has one
 * request at a time. */
static void get_values(struct fcgi_input *input)
{
	char connections[11] = "";
	if (input->connections_max > 0)
		snprintf(connections, sizeof connections, "%" PRIu32, input->connections_max);
	const struct {
		const char *name, *value;
	} known[] = {
		{FCGI_MAX_CONNS, connections},
		{FCGI_MAX_REQS, connections},
		{FCGI_MPXS_CONNS, "0"},
	};
	uint8_t record[FCGI_REPLY_ONE];
	size_t length = FCGI_HEADER_LEN;
	bool answered[3] = {false};
	size_t at = 0;
	uint32_t name, value;
	while (fcgi_params_lengths(input->values, input->body_length, &at, &name, &value)) {
		if (name > input->body_length - at || value > input->body_length - at - name)
			break;
		for (size_t i = 0; i < 3; i++) {
			size_t n = strlen(known[i].name), v = strlen(known[i].value);
			if (answered[i] || v == 0 || n != name ||
				memcmp(input->values + at, known[i].name, n) != 0)
				continue;
			answered[i] = true;
			record[length++] = (uint8_t)n;
			record[length++] = (uint8_t)v;
			memcpy(record + length, known[i].name, n);
			memcpy(record + length + n, known[i].value, v);
			length += n + v;
		}
		at += (size_t)name + value;
	}
	struct fcgi_header header = {
		.version = FCGI_VERSION_1,
		.type = FCGI_GET_VALUES_RESULT,
		.content_length = (uint16_t)(length - FCGI_HEADER_LEN),
	};
	fcgi_header_encode(&header, record);
	reply(input, record, length);
}

/* FastCGI 1.0 §4.2. */
static void unknown_type(struct fcgi_input *input)
{
	struct fcgi_header header = {
		.version = FCGI_VERSION_1,
		.type = FCGI_UNKNOWN_TYPE,
		.content_length = sizeof(FCGI_UnknownTypeBody),
	};
	FCGI_UnknownTypeBody body = {.type = input->record.type};
	uint8_t record[FCGI_HEADER_LEN + sizeof body];
	fcgi_header_encode(&header, record);
	memcpy(record + FCGI_HEADER_LEN, &body, sizeof body);
	reply(input, record, sizeof record);
}

static bool is_current(const struct fcgi_input *input)
{
	return input->running && input->record.id == input->id;
}

static void store_params(struct fcgi_input *input, const uint8_t *data, size_t size)
{
	if (input->params_done || input->params_too_large)
		return;
	if (size > FCGI_PARAMS_MAX - input->params_length) {
		input->params_too_large = true;
		free(input->params);
		input->params = NULL;
		input->params_length = input->params_size = 0;
		return;
	}
	if (input->params_length + size > input->params_size) {
		size_t wanted = input->params_size ? input->params_size : 2048;
		while (wanted < input->params_length + size)
			wanted *= 2;
		uint8_t *larger = realloc(input->params, wanted);
		if (!larger) {
			input->broken = true;
			return;
		}
		input->params = larger;
		input->params_size = (uint32_t)wanted;
	}
	memcpy(input->params + input->params_length, data, size);
	input->params_length += (uint32_t)size;
}

/* The header is complete. Checks it, also against what a record without content would mean. */
static void begin_record(struct fcgi_input *input)
{
	input->record = fcgi_header_decode(input->header);
	input->content_left = input->record.content_length;
	input->padding_left = input->record.padding_length;
	input->body_length = 0;
	const struct fcgi_header *record = &input->record;
	input->broken = record->version != FCGI_VERSION_1;
	input->spoken = input->spoken || !input->broken;
	if (input->broken)
		return;
	if (record->type == FCGI_BEGIN_REQUEST) {
		input->broken = record->id == FCGI_NULL_REQUEST_ID ||
				record->content_length != sizeof(FCGI_BeginRequestBody);
	} else if (record->type == FCGI_GET_VALUES && record->id == FCGI_NULL_REQUEST_ID) {
		input->values = malloc(FCGI_VALUES_MAX);
		input->broken = !input->values;
	}
}

/* Takes a piece of the record's content, and drops what is not wanted. */
static void take_content(struct fcgi_input *input, const uint8_t *data, size_t size)
{
	size_t limit = 0;
	uint8_t *to = NULL;
	if (input->record.type == FCGI_BEGIN_REQUEST) {
		to = input->body;
		limit = sizeof input->body;
	} else if (input->values) {
		to = input->values;
		limit = FCGI_VALUES_MAX;
	} else if (input->record.type == FCGI_PARAMS && is_current(input)) {
		store_params(input, data, size);
	}
	if (to && input->body_length < limit) {
		size_t room = limit - input->body_length;
		size_t n = size < room ? size : room;
		memcpy(to + input->body_length, data, n);
		input->body_length = (uint16_t)(input->body_length + n);
	}
}

/* The record is complete, with its padding. */
static void end_record(struct fcgi_input *input)
{
	const struct fcgi_header *record = &input->record;
	if (record->id == FCGI_NULL_REQUEST_ID) {
		if (input->values) {
			get_values(input);
			free(input->values);
			input->values = NULL;
		} else {
			unknown_type(input);
		}
	} else if (record->type == FCGI_BEGIN_REQUEST) {
		begin_request(input);
	} else if (!is_current(input)) {
		return; /* of a request that was refused or has ended */
	} else if (record->type == FCGI_PARAMS && record->content_length == 0) {
		input->params_done = true;
	} else if (record->type == FCGI_STDIN && record->content_length == 0) {
		/* STDIN cannot end before the parameters. */
		input->broken = !input->params_done;
		input->stdin_done = true;
	} else if (record->type == FCGI_ABORT_REQUEST) {
		input->aborted = true;
		/* No answer has begun, so the request ends here, complete or not. */
		if (!input->answering) {
			bool keep = input->keep;
			refuse(input, FCGI_REQUEST_COMPLETE);
			fcgi_input_finish(input);
			input->close_soon = !keep;
		}
	}
}

size_t fcgi_input_feed(struct fcgi_input *input, const uint8_t *data, size_t size)
{
	size_t at = 0;
	while (at < size && !input->broken) {
		/* The end of a record can add one reply, so a record begins only when there is room
		 * for one. */
		if (input->header_length == 0 &&
			input->reply_length > FCGI_REPLY_MAX - FCGI_REPLY_ONE)
			break;
		if (input->header_length < FCGI_HEADER_LEN) {
			input->header[input->header_length++] = data[at++];
			if (input->header_length == FCGI_HEADER_LEN)
				begin_record(input);
		} else if (input->content_left > 0) {
			size_t n =
				size - at < input->content_left ? size - at : input->content_left;
			take_content(input, data + at, n);
			input->content_left = (uint16_t)(input->content_left - n);
			at += n;
		} else {
			size_t n =
				size - at < input->padding_left ? size - at : input->padding_left;
			input->padding_left = (uint8_t)(input->padding_left - n);
			at += n;
		}
		if (input->header_length == FCGI_HEADER_LEN && !input->broken &&
			input->content_left == 0 && input->padding_left == 0) {
			end_record(input);
			input->header_length = 0;
		}
	}
	return at;
}
