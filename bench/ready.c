/* SPDX-License-Identifier: MIT */
/* A responder with a fixed answer: it sends the same header fields to each request, without looking
 * at it, in one thread. nginx cannot be faster with any other responder.
 *
 *     bench-ready PATH PLACE
 *
 * It creates the Unix socket PATH, and sends PLACE in X-Accel-Redirect. It expects each request in
 * one piece, as nginx sends it. It runs until it is killed. */
#include <fastcgi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MAX = 1024, REQUEST_MAX = 16384, EVENTS = 64, BACKLOG = 511 };

struct answer {
	size_t length;
	char bytes[ANSWER_MAX];
};

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void put_record(struct answer *answer, uint8_t type, const void *data, size_t size)
{
	const FCGI_Header header = {.version = FCGI_VERSION_1,
		.type = type,
		.requestIdB0 = 1,
		.contentLengthB1 = (uint8_t)(size >> 8),
		.contentLengthB0 = (uint8_t)size};
	memcpy(answer->bytes + answer->length, &header, sizeof header);
	memcpy(answer->bytes + answer->length + sizeof header, data, size);
	answer->length += sizeof header + size;
}

static void make_answer(struct answer *answer, const char *place)
{
	static const FCGI_EndRequestBody end = {.protocolStatus = FCGI_REQUEST_COMPLETE};
	char fields[ANSWER_MAX / 2];
	int n = snprintf(fields, sizeof fields,
		"Status: 200 OK\r\nContent-Type: image/jpeg\r\nETag: \"ready\"\r\n"
		"X-Accel-Redirect: %s\r\nX-Content-Type-Options: nosniff\r\n\r\n",
		place);
	if (n >= (int)sizeof fields) {
		fputs("place too long\n", stderr);
		exit(1);
	}
	put_record(answer, FCGI_STDOUT, fields, (size_t)n);
	put_record(answer, FCGI_STDOUT, "", 0);
	put_record(answer, FCGI_END_REQUEST, &end, sizeof end);
}

static int open_listener(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
		chmod(path, 0666) < 0 || listen(fd, BACKLOG) < 0)
		fail(path);
	return fd;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		fail("epoll_ctl");
}

static void serve(int fd, const struct answer *answer)
{
	uint8_t request[REQUEST_MAX];
	ssize_t n = recv(fd, request, sizeof request, MSG_DONTWAIT);
	const FCGI_BeginRequestRecord *begin = (const void *)request;
	if (n < (ssize_t)sizeof *begin ||
		send(fd, answer->bytes, answer->length, MSG_NOSIGNAL) < 0 ||
		!(begin->body.flags & FCGI_KEEP_CONN))
		close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: bench-ready PATH PLACE\n", stderr);
		return 2;
	}
	struct answer answer = {0};
	make_answer(&answer, argv[2]);
	int epoll = epoll_create1(EPOLL_CLOEXEC), listener = open_listener(argv[1]);
	if (epoll < 0)
		fail("epoll_create1");
	watch(epoll, listener);
	for (;;) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd != listener)
				serve(fd, &answer);
			else if ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
				watch(epoll, fd);
		}
	}
}
