/* SPDX-License-Identifier: MIT */
#ifndef SRC_HTTP_H
#define SRC_HTTP_H

/*
 * The pieces of HTTP that the decisions need (RFC 9110): proactive negotiation and dates. Pure, any thread.
 */

#include <stddef.h>
#include <time.h>

#include "src/sniff.h"

/* The best of `formats` for an Accept field value (RFC 9110 §12.5.1): highest q-value by the most specific matching range;
 * among equals the order of `formats` decides. accept NULL or "": everything is accepted, but a format that is not
 * universally understood (anything but jpeg, png, gif, mp4, mp3) is only chosen when the field names it (type/subtype, not
 * by a wildcard), unless there is no other. Formats that no range matches come last,
 * since any answer is of more use than none; malformed ranges do not count. Returns the index; -1 when every one has q=0. */
int http_negotiate(const char *accept, const enum sniff_type *formats, size_t count);

/* IMF-fixdate (RFC 9110 §5.6.7). */
void http_date(time_t when, char out[30]);

/* -1 when it is none of the three forms of §5.6.7. */
time_t http_date_parse(const char *text);

#endif
