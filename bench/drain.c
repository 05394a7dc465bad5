/* SPDX-License-Identifier: MIT */
/* A web server that discards the answer: it asks a FastCGI responder once and reads the whole
 * stream.
 *
 *     bench-drain unix:PATH|tcp:ADDRESS:PORT REQUEST_URI [SCRIPT_FILENAME]
 *
 * Prints `bytes=… seconds=… reads=…`; bytes are those of the whole stream. Exit status 0: the
 * stream ended with END_REQUEST. The buffer is large, so that on two cores the responder is the
 * slower part and its speed is measured. */
#include <arpa/inet.h>
#include <fastcgi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "bench/request.h"

enum { BUFFER = 1 << 20, END_BYTES = 16 /* the END_REQUEST record */ };

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int open_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		fail(path);
	return fd;
}

static int open_tcp(const char *text)
{
	char host[INET_ADDRSTRLEN];
	struct sockaddr_in address = {.sin_family = AF_INET};
	const char *colon = strrchr(text, ':');
	snprintf(host, sizeof host, "%.*s", colon ? (int)(colon - text) : 0, text);
	if (!colon || inet_pton(AF_INET, host, &address.sin_addr) != 1) {
		fprintf(stderr, "not ADDRESS:PORT: %s\n", text);
		exit(1);
	}
	address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		fail(text);
	return fd;
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Keeps the last END_BYTES of the stream, which tell whether it is complete. */
static uint64_t drain(int fd, uint8_t *tail, uint64_t *reads)
{
	uint8_t *buffer = malloc(END_BYTES + BUFFER);
	uint64_t total = 0;
	if (!buffer)
		fail("malloc");
	memset(buffer, 0, END_BYTES);
	for (;;) {
		ssize_t n = recv(fd, buffer + END_BYTES, BUFFER, 0);
		if (n < 0)
			fail("recv");
		if (n == 0)
			break;
		memmove(buffer, buffer + n, END_BYTES);
		total += (uint64_t)n;
		++*reads;
	}
	memcpy(tail, buffer, END_BYTES);
	free(buffer);
	return total;
}

int main(int argc, char **argv)
{
	bool tcp = argc > 1 && strncmp(argv[1], "tcp:", 4) == 0;
	if ((argc != 3 && argc != 4) || (!tcp && strncmp(argv[1], "unix:", 5) != 0)) {
		fputs("usage: bench-drain unix:PATH|tcp:ADDRESS:PORT REQUEST_URI "
		      "[SCRIPT_FILENAME]\n",
			stderr);
		return 2;
	}
	struct request request = {0};
	uint8_t tail[END_BYTES];
	uint64_t reads = 0;
	request_make(&request, argv[2], argc == 4 ? argv[3] : "", false);
	int fd = tcp ? open_tcp(argv[1] + 4) : open_unix(argv[1] + 5);
	double start = now();
	if (send(fd, request.bytes, request.length, MSG_NOSIGNAL) != (ssize_t)request.length)
		fail("send");
	uint64_t total = drain(fd, tail, &reads);
	printf("bytes=%llu seconds=%.6f reads=%llu\n", (unsigned long long)total, now() - start,
		(unsigned long long)reads);
	close(fd);
	return total >= END_BYTES && tail[0] == FCGI_VERSION_1 && tail[1] == FCGI_END_REQUEST ? 0
											      : 1;
}
