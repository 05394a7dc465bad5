/* SPDX-License-Identifier: MIT */
#ifndef SRC_HTTP_DATE_H
#define SRC_HTTP_DATE_H

/* Dates in header fields (RFC 9110 §5.6.7). Pure, any thread. */

#include <time.h>

/* Writes the preferred form, IMF-fixdate. */
enum { HTTP_DATE_MAX = 30 };
void http_date(time_t when, char out[HTTP_DATE_MAX]);

/* Reads any of the three forms of §5.6.7; -1 when it is none of them. */
time_t http_date_parse(const char *text);

#endif
