/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_INTERNAL_H
#define SRC_REQUEST_INTERNAL_H

/*
 * What the files of this room share. From the ground up: type.c; cache_status.c, send.c and log.c;
 * hit.c and refuse.c; remember.c; again.c; shared.c, alone.c and fast_path.c, the three ways to an
 * answer; request.c.
 */

#include <stdbool.h>
#include <stdint.h>

#include "src/http/request_id.h"
#include "src/observe/access.h"
#include "src/plan/identity.h"
#include "src/plan/plan.h"
#include "src/pump/run.h"
#include "src/request/memo.h"
#include "src/request/request.h"
#include "src/request/storage.h"
#include "src/share/share.h"

enum { REQUEST_CACHE_STATUS_MAX = 96 };

/* What the web server has sent. Set by request_new. */
struct request_input {
	struct fcgi_connection *connection;
	int error; /* of fcgi_connection_begin */
	const char *method, *uri;
	bool head;
	char id[REQUEST_ID_MAX + 1];
};

/* What the request means: from its plan, or from the memo. */
struct request_decision {
	const struct memo_note *note; /* held by a reference; NULL: the memo has none */
	struct plan *plan;	      /* NULL: none was made */
	bool plan_taken; /* the plan belongs to the shared run that this request leads */
	const struct recipe *recipe; /* NULL: none was found */
	bool negotiated;
	const char *type;    /* Content-Type */
	bool sniffs;	     /* the type is to be found in the result */
	const char *message; /* for the client, with an error; NULL: the outcome's */
	struct identity identity;
};

/* Where the result comes from, and how it is sent. */
struct request_delivery {
	bool has_place;
	unsigned tries;	   /* plans that failed because the source was overwritten meanwhile */
	bool picture;	   /* one of them was about a picture */
	bool again;	   /* the last one did, and another one is due */
	uint64_t until_ms; /* the deadline of the first one's programs; 0: they were not started */
	struct run run;	   /* of a request that is alone */
	struct share_waiter waiter; /* of a request that shares a run */
	int kept_file;		    /* owned; a result of the cache; -1: none */
	uint64_t kept_length;
	const char *body; /* borrowed; the whole result in memory; NULL: it is elsewhere */
	bool stale;	  /* the result is older than its source, by stale_s seconds */
	uint64_t stale_s;
	bool stored;	/* the run of this request has put the result into the cache */
	int send_error; /* -errno of the connection; 0: it is good */
	bool broken;	/* the stream was broken on purpose */
	bool aborted;	/* by FCGI_ABORT_REQUEST: the request still needs its FCGI_END_REQUEST */
	char timing[ACCESS_TIMING_SIZE];
	char cache_status[REQUEST_CACHE_STATUS_MAX];
};

/* What the client, the log and the counters get. */
struct request_account {
	enum outcome outcome;
	int status; /* 0: not known yet, or the outcome's */
	unsigned retry_after_s;
	enum access_cache cache;
	struct text reason;
	char reason_buffer[ACCESS_REASON_MAX];
	uint64_t spent_us;	/* CPU time of runs before */
	struct conversion *ran; /* borrowed; the conversion that counts for this request; or NULL */
	struct access_times times;
	struct progress progress;
	struct in_flight_entry in_flight;
};

struct request {
	struct storage_wait wait; /* while its worker looks the source up */
	struct service *service;
	struct config *config; /* a reference */
	struct request_input input;
	struct request_decision decision;
	struct request_delivery delivery;
	struct request_account account;
};

/* type.c: finds Content-Type in the result, when decision.sniffs says so, and clears that: in
 * delivery.body, in file, or in the pump's output. */
void request_find_type(struct request *request, int file, uint64_t size);

/* log.c */

/* Puts the request on the status page, until request_hide. */
void request_show(struct request *request, const struct progress *progress);
void request_hide(struct request *request);
/* The request is over: writes its line to the log and to the slow log, and counts it. */
void request_log(struct request *request);

/* cache_status.c: the value of the field, in delivery.cache_status; NULL: no field. Call it when
 * everything else about the answer is known. */
const char *request_cache_status(struct request *request);

/* send.c. A failure of the connection becomes the request's outcome. */

struct response request_good_response(struct request *request);
void request_send_error(struct request *request);
/* The one place where the tag becomes a weak one: unless all clients get the bytes of one run, or
 * the recipe says that all runs give the same. Before the run this is what is expected. */
void request_rate_tag(struct request *request, bool of_one_run);
/* Whether the request has one of these parameters; names ends with NULL. */
bool request_has_any(const struct request_input *input, const char *const *names);
/* Whether the request has conditions, which the validators may decide. */
bool request_has_condition(const struct request_input *input);
/* Returns true when the client's conditions are answered and nothing else needs to be done. */
bool request_send_condition(struct request *request);
/* Sends the header fields of a live result to a HEAD request. */
void request_send_live_head(struct request *request);
/* Sends the whole result of `size` bytes, or the part that the client wants: from delivery.body,
 * from file, or, without both, from the pump. kept: the result is in the cache, and the web server
 * may send it itself. */
void request_send_result(struct request *request, int file, uint64_t size, bool kept);
/* Whether the web server is to send kept results of that size. */
bool request_is_handed_over(const struct config *config, uint64_t size);
/* Turns the -errno of a send into the outcome. */
void request_sending_failed(struct request *request, int r);
/* The conversion has failed after the first bytes were sent. */
void request_break(struct request *request);

/* hit.c */

/* Whether other requests may get the result, too. */
bool request_is_shared(const struct request *request);
/* Sends what the cache has. Returns false when it has nothing. */
bool request_send_hit(struct request *request);

/* refuse.c */

/* Whether admission would refuse the conversion now, because the queue is full. Sets *retry_after_s
 * then. */
bool request_is_refused(const struct request *request, unsigned *retry_after_s);
/* Sends the refusal, if there is one. Returns whether there was. */
bool request_refuse_early(struct request *request);

/* remember.c: notes in the memo what is known of the request. file: its result in the cache, or
 * -1. */
void request_remember(struct request *request, int file, uint64_t length);

/* fast_path.c: a worker thread answers by the note that the main thread has found. Returns false
 * when the note is not enough. */
bool request_answer_from_memo(struct request *request);

/* again.c: what happens when the source was overwritten while it was converted. */

/* What the programs of the next run are to read. */
enum plan_reading request_reading(const struct request *request);
/* The run has ended with OUTCOME_CHANGING; until_ms: the deadline of its programs, or 0. Returns
 * true when the caller has to return without an answer, because another plan will be made. */
bool request_tries_again(struct request *request, uint64_t until_ms);
/* Whether the plan has failed with what may be due to the same. Then the outcome is
 * OUTCOME_CHANGING. */
bool request_plan_is_torn(struct request *request);
/* Forgets plan and run. */
void request_begin_anew(struct request *request);

/* shared.c: answers by way of the cache and of shared runs. */
void request_answer_shared(struct request *request);

/* alone.c: answers with a conversion of its own. */
void request_answer_alone(struct request *request);

#endif
