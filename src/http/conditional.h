/* SPDX-License-Identifier: MIT */
#ifndef SRC_HTTP_CONDITIONAL_H
#define SRC_HTTP_CONDITIONAL_H

/* Conditional and range requests (RFC 9110 §13, §14). Pure, any thread. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Field values as they came, NULL when absent. */
struct http_conditions {
	const char *if_match, *if_none_match, *if_modified_since, *if_unmodified_since;
};

enum http_precondition { HTTP_PROCEED, HTTP_NOT_MODIFIED, HTTP_PRECONDITION_FAILED };

/* Evaluates the fields in the order of RFC 9110 §13.2.2 for GET and HEAD. etag: with its quotes,
 * and W/ when it is weak. */
enum http_precondition http_check(
	const struct http_conditions *conditions, const char *etag, time_t modified);

/* Bytes first … first+length-1 of the whole. */
struct http_range {
	uint64_t first, length;
};

enum http_range_status {
	HTTP_RANGE_NONE, /* absent, malformed, of another unit, or several: the whole is sent */
	HTTP_RANGE_GOOD,
	HTTP_RANGE_OUTSIDE, /* 416 */
};

/* A Range field with one range (§14.2) against a representation of `size` bytes. */
enum http_range_status http_range_parse(const char *field, uint64_t size, struct http_range *range);

/* Whether If-Range (§13.1.5) lets the Range field count; field NULL: it does. Only a strong tag
 * does: a date says nothing about a change of the rules. */
bool http_if_range(const char *field, const char *etag);

#endif
