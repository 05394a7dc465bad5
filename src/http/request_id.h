/* SPDX-License-Identifier: MIT */
#ifndef SRC_REQUEST_ID_H
#define SRC_REQUEST_ID_H

/* The name of a request in the log, in its answer, and in the web server's log. */

#include "fcgi/connection.h"

enum { REQUEST_ID_MAX = 64 };

/* What the web server gave (HTTP_X_REQUEST_ID, REQUEST_ID), when it is of letters, digits and `._-`; else a random one. Any
 * thread. */
void request_id_get(const struct fcgi_connection *connection, char id[REQUEST_ID_MAX + 1]);

#endif
