/* SPDX-License-Identifier: MIT */
#ifndef SRC_HTTP_QUERY_H
#define SRC_HTTP_QUERY_H

/*
 * The request's URI as the client sent it (REQUEST_URI, RFC 9112 §3.2 origin-form or
 * absolute-form), taken apart and percent-decoded exactly once (RFC 3986 §2.1). Pure: no I/O, any
 * thread.
 */

#include <stdbool.h>
#include <stddef.h>

enum { QUERY_URI_MAX = 8192, QUERY_PAIRS_MAX = 64 };

struct query_pair {
	const char *name;
	const char *value; /* "" for `?a` and `?a=` alike */
};

struct query {
	const char *path; /* decoded, begins with '/' */
	size_t count;
	struct query_pair pairs[QUERY_PAIRS_MAX]; /* in the order of the URI, repeated names kept */
	char storage[QUERY_URI_MAX + 2];
};

enum query_error {
	QUERY_OK = 0,
	QUERY_E_TOO_LONG =
		1,	   /* longer than QUERY_URI_MAX or more than QUERY_PAIRS_MAX pairs: 414 */
	QUERY_E_MALFORMED, /* bad escape, %00, a raw control character, no leading '/': 400 */
	QUERY_E_SEGMENT,   /* an encoded slash in the path, or a segment . or ..: 404 */
};

/* Fills *query; its pointers lead into query->storage, so the struct must not be copied. In the
 * query part '+' is a space and pairs are separated by '&'; empty pairs ("&&") are skipped. On an
 * error `why` (one short phrase for the client, static) is set. */
enum query_error query_parse(const char *uri, struct query *query, const char **why);

#endif
