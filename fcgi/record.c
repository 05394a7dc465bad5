/* SPDX-License-Identifier: MIT */
/* The structures of <fastcgi.h> consist of single bytes, so they are the wire format on every
 * machine. Only these functions know which byte is the high one. */
#include "fcgi/record.h"

#include <string.h>

void fcgi_header_encode(const struct fcgi_header *header, uint8_t out[FCGI_HEADER_LEN])
{
	FCGI_Header wire = {
		.version = header->version,
		.type = header->type,
		.requestIdB1 = (unsigned char)(header->id >> 8),
		.requestIdB0 = (unsigned char)header->id,
		.contentLengthB1 = (unsigned char)(header->content_length >> 8),
		.contentLengthB0 = (unsigned char)header->content_length,
		.paddingLength = header->padding_length,
	};
	memcpy(out, &wire, FCGI_HEADER_LEN);
}

struct fcgi_header fcgi_header_decode(const uint8_t in[FCGI_HEADER_LEN])
{
	FCGI_Header wire;
	memcpy(&wire, in, FCGI_HEADER_LEN);
	return (struct fcgi_header){
		.version = wire.version,
		.type = wire.type,
		.id = (uint16_t)(wire.requestIdB1 << 8 | wire.requestIdB0),
		.content_length = (uint16_t)(wire.contentLengthB1 << 8 | wire.contentLengthB0),
		.padding_length = wire.paddingLength,
	};
}

void fcgi_end_request_encode(uint16_t id, uint32_t app_status, uint8_t protocol_status,
	uint8_t out[FCGI_END_REQUEST_LEN])
{
	struct fcgi_header header = {
		.version = FCGI_VERSION_1,
		.type = FCGI_END_REQUEST,
		.id = id,
		.content_length = sizeof(FCGI_EndRequestBody),
	};
	FCGI_EndRequestBody body = {
		.appStatusB3 = (unsigned char)(app_status >> 24),
		.appStatusB2 = (unsigned char)(app_status >> 16),
		.appStatusB1 = (unsigned char)(app_status >> 8),
		.appStatusB0 = (unsigned char)app_status,
		.protocolStatus = protocol_status,
	};
	fcgi_header_encode(&header, out);
	memcpy(out + FCGI_HEADER_LEN, &body, sizeof body);
}
