/* SPDX-License-Identifier: MIT */
#ifndef FCGI_RECORD_H
#define FCGI_RECORD_H

/*
 * Records on the wire (FastCGI 1.0 §3.3, §5); the layout comes from <fastcgi.h>. Pure, any thread.
 */

#include <fastcgi.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* The largest content that needs no padding: contentLength has 16 bits, 8-byte alignment is
	   recommended. */
	FCGI_RECORD_MAX = 65528,
};

struct fcgi_header {
	uint8_t version;
	uint8_t type;
	uint16_t id;
	uint16_t content_length;
	uint8_t padding_length;
};

void fcgi_header_encode(const struct fcgi_header *header, uint8_t out[FCGI_HEADER_LEN]);
struct fcgi_header fcgi_header_decode(const uint8_t in[FCGI_HEADER_LEN]);

/* One whole END_REQUEST record. */
enum { FCGI_END_REQUEST_LEN = FCGI_HEADER_LEN + 8 };
void fcgi_end_request_encode(uint16_t id, uint32_t app_status, uint8_t protocol_status,
	uint8_t out[FCGI_END_REQUEST_LEN]);

#endif
