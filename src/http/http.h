/* SPDX-License-Identifier: MIT */
#ifndef SRC_HTTP_HTTP_H
#define SRC_HTTP_HTTP_H

/*
 * The pieces of HTTP that the decisions need (RFC 9110): proactive negotiation, dates,
 * preconditions and ranges. Pure, any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "src/http/media_type.h"

/* The best of `formats` for an Accept field value (RFC 9110 §12.5.1): highest q-value by the most
 * specific matching range; among equals the order of `formats` decides. accept NULL or "":
 * everything is accepted, but a format that is not universally understood (anything but jpeg, png,
 * gif, mp4, mp3) is only chosen when the field names it (type/subtype, not by a wildcard), unless
 * there is no other. Formats that no range matches come last, since any answer is of more use than
 * none; malformed ranges do not count. Returns the index; -1 when every one has q=0. */
int http_negotiate(const char *accept, const enum media_type *formats, size_t count);

/* IMF-fixdate (RFC 9110 §5.6.7). */
void http_date(time_t when, char out[30]);

/* -1 when it is none of the three forms of §5.6.7. */
time_t http_date_parse(const char *text);

/* Field values as they came, NULL when absent. */
struct http_conditions {
	const char *if_match, *if_none_match, *if_modified_since, *if_unmodified_since;
};

enum http_verdict { HTTP_PROCEED, HTTP_NOT_MODIFIED, HTTP_PRECONDITION_FAILED };

/* The order of RFC 9110 §13.2.2 for GET and HEAD. etag: strong, with its quotes. */
enum http_verdict http_check(
	const struct http_conditions *conditions, const char *etag, time_t modified);

/* Bytes first … first+length-1 of the whole. */
struct http_range {
	uint64_t first, length;
};

enum http_range_verdict {
	HTTP_RANGE_NONE, /* absent, malformed, another unit, or more than one: the whole answer */
	HTTP_RANGE_GOOD,
	HTTP_RANGE_OUTSIDE, /* 416 */
};

/* A Range field of one range (§14.2) against a representation of `size` bytes. */
enum http_range_verdict http_range_parse(
	const char *field, uint64_t size, struct http_range *range);

/* Whether If-Range (§13.1.5) lets the Range field count; NULL: it does. now: of the wall clock. */
bool http_if_range(const char *field, const char *etag, time_t modified, time_t now);

#endif
