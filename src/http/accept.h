/* SPDX-License-Identifier: MIT */
#ifndef SRC_HTTP_ACCEPT_H
#define SRC_HTTP_ACCEPT_H

/* Proactive negotiation (RFC 9110 §12.1). Pure, any thread. */

#include <stdbool.h>
#include <stddef.h>

#include "src/http/media_type.h"

/* The best of `formats` for the value of an Accept field (RFC 9110 §12.5.1): the one with the
 * highest q-value by its most specific matching range; among equals the order of `formats` decides.
 *
 * accept NULL or "": everything is accepted. A format that not every client understands (any but
 * jpeg, png, gif, mp4, mp3) is only chosen when the field names it as type/subtype, without a
 * wildcard, unless there is no other. Formats that no range matches come last, because any answer
 * is of more use than none. Malformed ranges do not count.
 *
 * Returns the index; -1 when every format has q=0. */
int http_negotiate(const char *accept, const enum media_type *formats, size_t count);

/* Whether the field names the format, or a wildcard in it covers one that everything shows. */
bool http_accepts(const char *accept, enum media_type format);

/* The weight, in thousandths, with which the field names "type/subtype"; -1: it does not, wildcards
 * do not count. parameter: only ranges that begin their parameters with this "name=value"; NULL:
 * all ranges. accept may be NULL. */
int http_weight(const char *accept, const char *type, const char *parameter);

#endif
