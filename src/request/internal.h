/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_INTERNAL_H
#define SRC_REQUEST_INTERNAL_H

/* What the files request*.c share; nobody else includes it. */

#include <stdbool.h>
#include <stdint.h>

#include "src/observe/access.h"
#include "src/convert/conversion.h"
#include "src/share/coalesce.h"
#include "src/pump/pump.h"
#include "src/plan/plan.h"
#include "src/request/memo.h"
#include "src/request/request.h"
#include "src/http/request_id.h"
#include "src/plan/identity.h"

/* For what is converted by the request's own thread. Some 60 KiB, too much for a worker's stack,
 * and for who needs none of it. */
struct request_work {
	struct conversion conversion;
	struct pump pump;
};

struct request {
	struct service *service;
	struct config *config;
	struct fcgi_connection *connection;
	int begin_error; /* of fcgi_connection_begin */
	const char *method, *uri;
	bool head;
	char id[REQUEST_ID_MAX + 1];
	struct access_times times;
	struct in_flight_entry running;
	struct progress progress;
	char timing[ACCESS_TIMING_SIZE];
	enum outcome outcome;
	int status;
	int send_error; /* -errno of the connection; 0: it is good */
	bool broken;	/* the stream was broken on purpose */
	bool aborted;	/* by FCGI_ABORT_REQUEST: it still wants its end */
	unsigned retry_after_s;
	struct text reason;
	char reason_buffer[ACCESS_REASON_MAX];
	const struct memo_note *note; /* NULL: nothing is remembered */
	struct plan *plan;	      /* its share's, if it leads one; NULL: none was made */
	bool plan_taken;
	/* What the plan says, or is remembered of it. */
	const struct recipe *recipe; /* NULL: none was found */
	bool negotiated;
	const char *type;    /* Content-Type */
	const char *message; /* for the client, with an error; NULL: the outcome's */
	struct identity identity;
	bool has_place;
	struct conversion *ran; /* whose cost this request is told of; NULL: nothing ran for it */
	struct request_work *work; /* NULL: none was made */
	/* Of a result that others read, too. */
	struct share_waiter waiter;
	int kept_file; /* -1: none */
	uint64_t kept_length;
	bool stale; /* an older one than its source, for stale_s seconds */
	uint64_t stale_s;
	enum access_cache cache;
	const char *body; /* all of it, in memory; NULL: it is elsewhere */
};

/* The request is over: its line in the log, and in the slow one; the counters. */
void request_log(struct request *request);

/* request_send.c. What goes wrong with the connection becomes the request's outcome. */
struct response request_good_response(struct request *request);
void request_send_error(struct request *request);
/* Whether it has one of these parameters; names ends with NULL. */
bool request_has_any(const struct request *request, const char *const *names);
/* Whether there are conditions, which the validators may decide. */
bool request_has_condition(const struct request *request);
/* True: the client's conditions are answered, nothing else needs to be done. */
bool request_send_condition(struct request *request);
/* Sends the whole result of `size` bytes, or the part of it that the client wants: from body, from
 * file, or, without both, from the pump. kept: it is in the cache, and the web server may send it
 * itself. */
void request_send_result(struct request *request, int file, uint64_t size, bool kept);
/* Whether the web server is to send kept results of that size. */
bool request_is_handed_over(const struct request *request, uint64_t size);
/* Takes the -errno of a send. */
void request_sending_failed(struct request *request, int r);

/* request_shared.c: whether its result may be others', too; answers by way of the cache and of
 * share_table. */
bool request_is_shared(const struct request *request);
void request_answer_shared(struct request *request);
/* Sends what the cache has; false: it has nothing. */
bool request_send_hit(struct request *request);

/* Whether its conversion would be refused now, because the queue is full; *retry_after_s is set
 * then. */
bool request_is_refused(const struct request *request, unsigned *retry_after_s);
/* The same, and then it was. */
bool request_refuses(struct request *request);

/* request_recall.c: what is known of it by now helps the next one; file: its result in the cache,
 * or -1. */
void request_remember(struct request *request, int file, uint64_t length);
/* Answers by what is remembered, a worker's way; false: that is not enough. */
bool request_answer_from_memo(struct request *request);

#endif
