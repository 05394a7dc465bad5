/* SPDX-License-Identifier: MIT */
#ifndef SRC_HTTP_OUTCOME_H
#define SRC_HTTP_OUTCOME_H

/*
 * How a request can end, and the only place where this becomes an HTTP status (RFC 9110 §15) and a
 * line of text for the client. Pure, any thread.
 */

enum outcome {
	OUTCOME_OK,
	OUTCOME_BAD_REQUEST, /* a parameter or the URL; the message says what is accepted */
	OUTCOME_NOT_FOUND,   /* no recipe or no source: the same answer for both */
	OUTCOME_METHOD,
	OUTCOME_URI_TOO_LONG,
	OUTCOME_FIELDS_TOO_LARGE,
	OUTCOME_PRECONDITION,	  /* If-Match or If-Unmodified-Since does not hold */
	OUTCOME_RANGE,		  /* a Range that begins behind the end */
	OUTCOME_SOURCE_TOO_LARGE, /* bytes or declared pixels */
	OUTCOME_SOURCE_TYPE,
	OUTCOME_REFUSED,	 /* the converter failed, or succeeded and wrote nothing */
	OUTCOME_MAPPED,		 /* the converter's exit status stands in the recipe's `exits` */
	OUTCOME_NOT_INSTALLED,	 /* program missing or not executable */
	OUTCOME_INTERNAL,	 /* our own failure: disk, directory */
	OUTCOME_STORAGE,	 /* the root or the file system of the source fails */
	OUTCOME_STORAGE_TIMEOUT, /* it does not answer */
	OUTCOME_CRASHED,
	OUTCOME_LIMIT,	 /* memory, processor time or output; the log says which */
	OUTCOME_NO_ROOM, /* the file system of the temporary directories is full */
	OUTCOME_QUEUE_FULL,
	OUTCOME_QUEUE_TIMEOUT,
	OUTCOME_CHANGING,   /* the source is being written to; nothing whole can be read */
	OUTCOME_OVERLOADED, /* no thread, process, descriptor or memory at the moment */
	OUTCOME_DEADLINE,
	OUTCOME_CLIENT_GONE, /* no status can be sent */
	OUTCOME_SEND_FAILED, /* the web server stopped reading */
	OUTCOME_COUNT,
};

/* What an -errno of the system means for a request: a shortage (503) or a failure (500). */
enum outcome outcome_from_error(int error);
int outcome_status(enum outcome outcome);
const char *outcome_reason(int status); /* "Not Found"; for any status */
/* For the client; never a path or a command line. For OUTCOME_BAD_REQUEST the caller has a more
 * exact message. */
const char *outcome_message(enum outcome outcome);
/* For the log: "not-found". */
const char *outcome_name(enum outcome outcome);

#endif
