/* SPDX-License-Identifier: MIT */
#ifndef BASE_JSON_H
#define BASE_JSON_H

/* Text from anywhere as the inside of a JSON string (RFC 8259 §7). Pure, any thread. */

#include "base/text.h"

/* Appends at most max bytes of `string` ("..." behind what is cut). UTF-8 stays as it is; bytes
 * that are none become U+FFFD, control characters \u00XX, and so do `<`, `>` and `&`: the result
 * may stand in HTML. */
void json_escape(struct text *text, const char *string, size_t max);

#endif
