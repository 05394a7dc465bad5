/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REQUEST_MAX = 4096 };

struct request {
	size_t length;
	uint8_t bytes[REQUEST_MAX];
};

/* Makes a whole GET request with id 1. script: for fcgiwrap, else "". keep: FCGI_KEEP_CONN. A
 * request that does not fit ends the process. */
void request_make(struct request *request, const char *uri, const char *script, bool keep);

#endif
