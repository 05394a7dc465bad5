/* SPDX-License-Identifier: MIT */
#ifndef SRC_HTTP_OUTCOME_H
#define SRC_HTTP_OUTCOME_H

/*
 * How a request can end, and the one place where that becomes an HTTP status (RFC 9110 §15) and a
 * line for the client. Pure, any thread.
 */

enum outcome {
	OUTCOME_OK,
	OUTCOME_BAD_REQUEST, /* parameter or URL; the message says what is accepted */
	OUTCOME_NOT_FOUND,   /* no recipe, no source: one page for all */
	OUTCOME_METHOD,
	OUTCOME_URI_TOO_LONG,
	OUTCOME_FIELDS_TOO_LARGE,
	OUTCOME_PRECONDITION,	  /* If-Match, If-Unmodified-Since: something else is here now */
	OUTCOME_RANGE,		  /* a Range that begins behind the end */
	OUTCOME_SOURCE_TOO_LARGE, /* bytes or declared pixels */
	OUTCOME_SOURCE_TYPE,
	OUTCOME_REFUSED,       /* the converter said no, or said yes and wrote nothing */
	OUTCOME_MAPPED,	       /* the converter's exit status stands in the recipe's `exits` */
	OUTCOME_NOT_INSTALLED, /* program missing or not executable */
	OUTCOME_INTERNAL,      /* we could not: disk, directory */
	OUTCOME_CRASHED,
	OUTCOME_LIMIT, /* memory, cpu, output: the log names it */
	OUTCOME_QUEUE_FULL,
	OUTCOME_QUEUE_TIMEOUT,
	OUTCOME_OVERLOADED, /* no thread, process, descriptor or memory to serve it just now */
	OUTCOME_DEADLINE,
	OUTCOME_CLIENT_GONE, /* nobody is there to see a status */
	OUTCOME_SEND_FAILED, /* the web server stopped reading */
	OUTCOME_COUNT,
};

/* What an -errno of the system means for a request: it lacks something just now, or does not work.
 */
enum outcome outcome_from_error(int error);
int outcome_status(enum outcome outcome);
const char *outcome_reason(int status); /* "Not Found"; for any status */
/* For the client; never a path or a command line. For OUTCOME_BAD_REQUEST the caller has a better
 * one. */
const char *outcome_message(enum outcome outcome);
/* For the log: "not-found". */
const char *outcome_name(enum outcome outcome);

#endif
