/* SPDX-License-Identifier: MIT */
#include "fcgi/foreign.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

enum { DRAIN_BYTES = 4096, DRAINS = 16 };

static bool begins(const uint8_t *bytes, const char *text)
{
	size_t length = strlen(text);
	return length <= FCGI_HEADER_LEN && memcmp(bytes, text, length) == 0;
}

static bool is_http(const uint8_t *bytes)
{
	/* PRI: HTTP/2 without TLS. */
	static const char *const methods[] = {"GET ", "HEAD ", "POST ", "PUT ", "DELETE ",
		"OPTIONS ", "PATCH ", "CONNECT ", "TRACE ", "PRI * "};
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (begins(bytes, methods[i]))
			return true;
	return false;
}

/* RFC 8446 §5.1: a handshake of TLS 1.x; then the length, and ClientHello. */
static bool is_tls(const uint8_t *bytes)
{
	return bytes[0] == 22 && bytes[1] == 3 && bytes[2] <= 4 && bytes[5] == 1;
}

/* A netstring of which CONTENT_LENGTH is the first name: "70:CONTE". */
static bool is_scgi(const uint8_t *bytes)
{
	size_t digits = 0;
	while (digits < FCGI_HEADER_LEN && bytes[digits] >= '0' && bytes[digits] <= '9')
		digits++;
	return digits > 0 && digits + 1 < FCGI_HEADER_LEN && bytes[digits] == ':' &&
	       memcmp(bytes + digits + 1, "CONTENT_LENGTH", FCGI_HEADER_LEN - digits - 1) == 0;
}

/* Modifier 0, the length, modifier 0, and the length of the first name, which is upper case. */
static bool is_uwsgi(const uint8_t *bytes)
{
	return bytes[0] == 0 && bytes[3] == 0 && bytes[4] > 0 && bytes[5] == 0 && bytes[6] >= 'A' &&
	       bytes[6] <= 'Z' && bytes[7] >= 'A' && bytes[7] <= 'Z';
}

enum foreign foreign_recognize(const uint8_t bytes[FCGI_HEADER_LEN])
{
	static const char proxy_2[] = "\r\n\r\n";
	if (is_http(bytes))
		return FOREIGN_HTTP;
	if (is_tls(bytes))
		return FOREIGN_TLS;
	if (begins(bytes, "PROXY ") || (begins(bytes, proxy_2) && bytes[4] == 0))
		return FOREIGN_PROXY;
	if (is_scgi(bytes))
		return FOREIGN_SCGI;
	return is_uwsgi(bytes) ? FOREIGN_UWSGI : FOREIGN_OTHER;
}

const char *foreign_words(enum foreign kind)
{
	static const char *const words[] = {
		[FOREIGN_HTTP] = "this is HTTP: use fastcgi_pass, not proxy_pass",
		[FOREIGN_TLS] = ("this is TLS: FastCGI has none; the web server ends TLS and "
				 "uses fastcgi_pass"),
		[FOREIGN_SCGI] = "this is SCGI: use fastcgi_pass, not scgi_pass",
		[FOREIGN_UWSGI] = "this is the uwsgi protocol: use fastcgi_pass, not uwsgi_pass",
		[FOREIGN_PROXY] = "this is the PROXY protocol: switch it off towards sluice",
		[FOREIGN_OTHER] = "this is no FastCGI",
	};
	return words[kind];
}

void foreign_answer(int fd, enum foreign kind)
{
	static const char answer[] =
		"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 71\r\n"
		"Connection: close\r\n\r\n"
		"This socket speaks FastCGI, not HTTP: use fastcgi_pass, not proxy_pass\n";
	char rest[DRAIN_BYTES];
	if (kind != FOREIGN_HTTP)
		return;
	for (int i = 0; i < DRAINS && recv(fd, rest, sizeof rest, MSG_DONTWAIT) > 0; i++)
		;
	(void)!send(fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
}
