/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_INTERNAL_H
#define SRC_REQUEST_INTERNAL_H

/* What the files request*.c share; nobody else includes it. */

#include <stdbool.h>
#include <stdint.h>

#include "src/access.h"
#include "src/conversion.h"
#include "src/plan.h"
#include "src/pump.h"
#include "src/request.h"
#include "src/request_id.h"
#include "src/validator.h"

/* Some 60 KiB, too much for a worker's stack. */
struct request {
	struct service *service;
	struct config *config;
	struct fcgi_connection *connection;
	const char *method, *uri;
	bool head;
	char id[REQUEST_ID_MAX + 1];
	struct access_times times;
	struct running_entry running;
	struct progress progress;
	char timing[ACCESS_TIMING_SIZE];
	enum outcome outcome;
	int status;
	int send_error; /* -errno of the connection; 0: it is good */
	bool broken;	/* the stream was broken on purpose */
	unsigned retry_after_s;
	struct text reason;
	char reason_buffer[ACCESS_REASON_MAX];
	struct plan plan;
	struct validator validator;
	bool converted; /* conversion was opened */
	struct conversion conversion;
	struct pump pump;
};

/* The request is over: its line in the log, and in the slow one; the counters. */
void request_log(struct request *request);

#endif
