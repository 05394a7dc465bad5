/* SPDX-License-Identifier: MIT */
#ifndef SRC_HTTP_REQUEST_ID_H
#define SRC_HTTP_REQUEST_ID_H

/* The id of a request, in the log, in the answer and in the web server's log. */

enum { REQUEST_ID_MAX = 64 };

/* Takes the first of the two texts that is an id (letters, digits and `._-`, at most
 * REQUEST_ID_MAX), or makes a random one. Each text may be NULL. Any thread. */
void request_id_make(const char *first, const char *second, char id[REQUEST_ID_MAX + 1]);

#endif
