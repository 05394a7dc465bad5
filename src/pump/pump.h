/* SPDX-License-Identifier: MIT */
#ifndef SRC_PUMP_PUMP_H
#define SRC_PUMP_PUMP_H

/*
 * From a converter's pipe to a web server's socket: the one place where the two meet. One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "fcgi/connection.h"
#include "src/convert/conversion.h"
#include "src/http/outcome.h"
#include "src/observe/progress.h"

struct pump {
	struct conversion *conversion;
	struct fcgi_connection *connection;
	uint64_t deadline_ms;
	struct text *reason; /* for the log: what ended it */
	uint64_t first_us;   /* clock_now_us of the converter's first byte; 0: there was none */
	struct progress *progress; /* for who looks on */
	uint64_t bytes; /* of the converter's output: all of it (whole), or sent so far (live) */
	int file;	/* whole: the output, when it did not stay in the pipe; -1 otherwise */
	/* live: sends the header fields before the first byte. Returns 0 or -errno of the
	 * connection. */
	int (*begin)(void *data);
	void *data;
	bool aborted; /* by FCGI_ABORT_REQUEST: the request still wants its end */
	bool begun;   /* live: begin was called */
	/* live, before that: what the recipe's begin_after holds back; NULL: nothing. Owned. */
	unsigned char *held;
	/* For output that several read: connection is NULL then. */
	int abandoned;		 /* borrowed; readable when nobody wants it any more */
	int given;		 /* taken; the file to be filled, -1: a temporary one */
	bool in_given;		 /* the output is in it */
	int given_error;	 /* why it is not: an errno */
	uint64_t fill_max_bytes; /* pump_fill; 0: none */
	/* pump_fill: there are more bytes in file now. Returns whether to go on at once; otherwise
	 * it is asked again. */
	bool (*grown)(void *data);
	bool paused;
	/* Private. */
	int epoll;
	bool landing;  /* all of the output was in the pipe: so much memory is there for it, also
			  when the disk is full */
	int left_file; /* the one given or made, when its content is elsewhere now */
	enum outcome ended; /* why the programs were told to end; OUTCOME_OK: they were not */
	uint64_t kill_ms;
	uint64_t look_ms; /* when the directory of the job is looked at next */
	bool filling;	  /* whole: there is output, and it is still in the pipe alone */
	bool out_closed;  /* nobody can write to the pipe any more */
};

void pump_init(struct pump *pump, struct conversion *conversion, struct fcgi_connection *connection,
	struct progress *progress, struct text *reason);
void pump_clear(struct pump *pump);
/* The programs have ended: closes what was needed while they ran, for the answer may take long.
 * What is to be sent stays. */
void pump_settle(struct pump *pump);

/* whole: waits until every program has ended, while their output stays in the pipe or, when the
 * pipe is full, goes to an unnamed file. Returns OUTCOME_OK when all exited 0 and wrote something.
 * *status: for OUTCOME_MAPPED. */
enum outcome pump_collect(struct pump *pump, int *status);

/* whole, after OUTCOME_OK: sends `length` bytes of the output from `first` on. Once. Returns 0 or
 * -errno of the connection. */
int pump_send(struct pump *pump, uint64_t first, uint64_t length);

/* whole, after OUTCOME_OK: the output goes to `file`, if it is not there. */
enum outcome pump_land(struct pump *pump);

/* live: all output goes to `file` as it comes. What was in one `file` is at the same place in the
 * next one. */
enum outcome pump_fill(struct pump *pump, int *status);

/* live: sends every byte as soon as it is there. When it does not return OUTCOME_OK and
 * pump->begun, the stream must be broken; when not begun, an honest status can still be sent. */
enum outcome pump_live(struct pump *pump, int *status);

#endif
