/* SPDX-License-Identifier: MIT */
#ifndef SRC_PUMP_PUMP_H
#define SRC_PUMP_PUMP_H

/*
 * Moves the output of a conversion to the web server's socket or to a file, and watches the
 * programs while they run. A pump belongs to one thread.
 *
 * A whole result is complete before its first byte is sent: pump_collect, then pump_send or
 * pump_land. A live result is sent while it grows: pump_live for one client, pump_fill for several
 * clients that read a file.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"
#include "fcgi/connection.h"
#include "src/convert/conversion.h"
#include "src/http/outcome.h"
#include "src/observe/progress.h"

struct pump {
	struct conversion *conversion;
	struct fcgi_connection *connection; /* NULL: several clients read the output */
	uint64_t deadline_ms;
	struct text *reason;	   /* for the log: why the programs were ended */
	uint64_t first_us;	   /* clock_now_us of the first byte of output; 0: there was none */
	struct progress *progress; /* shown by the status page */
	uint64_t bytes; /* of output: all of it (whole), or what was sent so far (live) */
	int file;	/* the output, when it is not in the pipe; -1 otherwise */
	/* pump_live: sends the header fields before the first byte. Returns 0 or -errno of the
	 * connection. */
	int (*begin)(void *data);
	void *data;
	bool aborted; /* by FCGI_ABORT_REQUEST: the request still needs its FCGI_END_REQUEST */
	bool begun;   /* pump_live: begin was called */
	/* pump_live, before begin: the bytes that begin_after of the recipe holds back. Owned;
	 * NULL: there are none. */
	unsigned char *held;
	/* Only without a connection. */
	int abandoned;		 /* borrowed; readable when no client wants the output any more */
	int given;		 /* owned; the file to be filled; -1: use a temporary file */
	bool in_given;		 /* the output is in the given file */
	int given_error;	 /* why the output is not in the given file: an errno */
	uint64_t fill_max_bytes; /* limit of pump_fill; 0: no limit */
	/* pump_fill: the file has grown. Returns false when the program should rest; pump_fill
	 * then asks again a little later. */
	bool (*grown)(void *data);
	bool paused;
	/* Private. */
	int epoll;
	/* All of the output was in the pipe, so a file in memory can replace a full disk. */
	bool landing;
	int left_file;	    /* the previous file: its content was copied to another one */
	enum outcome ended; /* why the daemon has ended the programs; OUTCOME_OK: it has not */
	uint64_t kill_ms;   /* when SIGKILL follows SIGTERM */
	uint64_t look_ms;   /* the next conversion_look */
	bool filling;	    /* whole: there is output, and all of it is still in the pipe */
	bool out_closed;    /* every writer of the pipe has closed it */
};

/* connection: NULL when several clients read the output. */
void pump_init(struct pump *pump, struct conversion *conversion, struct fcgi_connection *connection,
	struct progress *progress, struct text *reason);
/* Closes every descriptor of the pump. The output is gone afterwards. */
void pump_clear(struct pump *pump);
/* After the programs have ended: closes the descriptors that only the conversion needed, because
 * sending may take long. The output stays. */
void pump_settle(struct pump *pump);

/* Whole: waits until every program has ended. The output stays in the pipe; when the pipe is full,
 * it goes to an unnamed file. Returns OUTCOME_OK when all programs succeeded and wrote something.
 * *status: for OUTCOME_MAPPED. */
enum outcome pump_collect(struct pump *pump, int *status);

/* After pump_collect returned OUTCOME_OK: sends `length` bytes of the output from `first` on. May
 * be called once. Returns 0 or -errno of the connection. */
int pump_send(struct pump *pump, uint64_t first, uint64_t length);

/* After pump_collect returned OUTCOME_OK, before pump_send: copies the beginning of the output,
 * which stays where it is. Returns how many bytes, or -errno. */
ssize_t pump_peek(const struct pump *pump, void *buffer, size_t size);

/* After pump_collect returned OUTCOME_OK: moves the output to pump->file, unless it is there. */
enum outcome pump_land(struct pump *pump);

/* Live: moves all output to pump->file as it comes. When pump->file changes, the new file has the
 * same bytes at the same offsets. */
enum outcome pump_fill(struct pump *pump, int *status);

/* Live: sends every byte as soon as it can be read. After another outcome than OUTCOME_OK the
 * caller breaks the stream when pump->begun is set, and sends an error status otherwise. */
enum outcome pump_live(struct pump *pump, int *status);

#endif
