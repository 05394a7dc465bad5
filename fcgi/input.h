/* SPDX-License-Identifier: MIT */
#ifndef FCGI_INPUT_H
#define FCGI_INPUT_H

/*
 * The reading half of one connection: a state machine that takes bytes in pieces of any size and
 * holds no more than FCGI_PARAMS_MAX of them. No I/O; owned by one thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/record.h"

enum {
	FCGI_PARAMS_MAX = 65536,
	FCGI_VALUES_MAX = 256, /* of a GET_VALUES record, which can ask for three short names */
	FCGI_REPLY_ONE = 80,   /* at most; GET_VALUES_RESULT is the longest */
	FCGI_REPLY_MAX = 3 * FCGI_REPLY_ONE,
};

struct fcgi_input {
	/* The record that is being read. */
	uint8_t header[FCGI_HEADER_LEN];
	uint8_t header_length;
	struct fcgi_header record;
	uint16_t content_left;
	uint8_t padding_left;
	uint8_t body[sizeof(FCGI_BeginRequestBody)];
	uint8_t *values; /* content of a GET_VALUES record, NULL between them */
	uint16_t body_length;

	/* The request that is being read or answered. */
	bool running; /* from BEGIN_REQUEST to fcgi_input_finish */
	bool keep;    /* FCGI_KEEP_CONN */
	bool params_done;
	bool params_too_large;
	bool stdin_done;
	bool aborted;
	uint16_t id;
	uint8_t *params;
	uint32_t params_length, params_size;

	/* The connection. What the owner sets stays until fcgi_input_clear. */
	uint32_t connections_max; /* set by the owner: the answer to FCGI_MAX_CONNS and
				     FCGI_MAX_REQS; 0: no answer */
	bool answering; /* set by the owner: the request is being answered, so the owner handles its
			   abort */
	bool broken;	/* not FastCGI: close */
	bool spoken;	/* a header of FastCGI has come on this connection */
	bool close_soon; /* a refused request without FCGI_KEEP_CONN: close after the reply */
	uint16_t reply_length;
	uint8_t reply[FCGI_REPLY_MAX]; /* records for the peer; the owner sends them and sets
					  reply_length to 0 */
};

void fcgi_input_init(struct fcgi_input *input);
void fcgi_input_clear(struct fcgi_input *input);

/* Takes bytes and returns how many it took: fewer than `size` only when the reply must be sent
 * first, or when broken. When no reply is pending it takes FCGI_HEADER_LEN bytes in any case,
 * because no more than one record ends within them. */
size_t fcgi_input_feed(struct fcgi_input *input, const uint8_t *data, size_t size);

/* The request has come to its last byte, parameters and STDIN. */
bool fcgi_input_complete(const struct fcgi_input *input);

/* Broken, and never was FastCGI: input->header has the first bytes of the connection. */
bool fcgi_input_foreign(const struct fcgi_input *input);

/* Part of a request or of a record has come. */
bool fcgi_input_in_progress(const struct fcgi_input *input);

/* Forgets the request after its answer. Later records with its id are ignored. */
void fcgi_input_finish(struct fcgi_input *input);

#endif
