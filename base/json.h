/* SPDX-License-Identifier: MIT */
#ifndef BASE_JSON_H
#define BASE_JSON_H

/* Untrusted text as the inside of a JSON string (RFC 8259 §7). Pure, any thread. */

#include "base/text.h"

/* Appends at most max bytes of `string`, and "..." if it is cut. UTF-8 stays as it is, and
 * malformed bytes become U+FFFD. Control characters become \u00XX, and so do `<`, `>` and `&`, so
 * that the result may stand in HTML. */
void json_escape(struct text *text, const char *string, size_t max);

#endif
