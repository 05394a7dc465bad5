/* SPDX-License-Identifier: MIT */
#ifndef FCGI_FOREIGN_H
#define FCGI_FOREIGN_H

/*
 * Other protocols that a misconfigured web server speaks to a FastCGI socket, by the first bytes of
 * a connection. Pure but for foreign_answer; any thread.
 */

#include <stdint.h>

#include "fcgi/record.h"

enum foreign {
	FOREIGN_HTTP,
	FOREIGN_TLS,
	FOREIGN_SCGI,
	FOREIGN_UWSGI,
	FOREIGN_PROXY, /* the PROXY protocol, version 1 or 2 */
	FOREIGN_OTHER,
	FOREIGN_KINDS,
};

/* bytes: the first of a connection, which are no header of a FastCGI record. */
enum foreign foreign_recognize(const uint8_t bytes[FCGI_HEADER_LEN]);

/* For the log: what it is, and what to configure. */
const char *foreign_words(enum foreign kind);

/* Tells a peer that speaks HTTP what is wrong, as far as it takes that without waiting, and reads
 * some of what it has sent: a close before that could take the answer away again. */
void foreign_answer(int fd, enum foreign kind);

#endif
