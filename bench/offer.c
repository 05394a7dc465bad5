/* SPDX-License-Identifier: MIT */
/* A web server with more clients than a responder can serve. It has one thread and does little work
 * for each client, because it shares the processors with the responder.
 *
 *     bench-offer PATH REQUEST_URI closed CLIENTS SECONDS
 *     bench-offer PATH REQUEST_URI open RATE SECONDS
 *
 * A `*` in REQUEST_URI becomes a number, a different one for each request and each run. closed:
 * each client asks again when it has its answer. open: clients arrive at random, RATE a second,
 * whatever the answers are. PATH is a Unix socket; connections are kept, as web servers do. After
 * WARM_S the answers are counted that are complete within SECONDS; then all connections are closed.
 * Prints `status=… count=… median_ms=… p99_ms=… max_ms=…` for each status. */
#include <errno.h>
#include <fastcgi.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "bench/request.h"

enum {
	CLIENTS_MAX = 8192,
	ANSWERS_MAX = 1 << 20,
	STATUS_MAX = 600,
	FIELD_BYTES = 11, /* "Status: 200" */
	EVENTS = 64,
	OTHERS = 900000000,
	BUFFER = 1 << 16,
};
static const double WARM_S = 1;

struct client {
	int fd;
	double since;
	FCGI_Header header;
	size_t header_bytes;
	size_t content_left, padding_left;
	char field[FIELD_BYTES + 1]; /* the beginning of the answer */
	size_t field_bytes;
	struct client *next_idle;
};

struct answer {
	int status;
	double took;
};

struct offer {
	struct sockaddr_un address;
	const char *uri;
	const char *star; /* the `*` in it; NULL: there is none */
	unsigned number;
	struct request request;
	int epoll;
	size_t client_count;
	struct client *clients;
	struct client *idle;
	size_t answer_count;
	struct answer *answers;
	double from; /* answers that are complete before are not counted */
};

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct client *new_client(struct offer *offer)
{
	if (offer->client_count == CLIENTS_MAX) {
		fputs("too many clients\n", stderr);
		exit(1);
	}
	struct client *client = &offer->clients[offer->client_count++];
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 ||
		connect(client->fd, (struct sockaddr *)&offer->address, sizeof offer->address) < 0)
		fail("connect");
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
	if (epoll_ctl(offer->epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
		fail("epoll_ctl");
	return client;
}

static void make_request(struct offer *offer)
{
	char uri[256];
	offer->number = offer->number % OTHERS + 1;
	snprintf(uri, sizeof uri, "%.*s%u%s", (int)(offer->star - offer->uri), offer->uri,
		offer->number, offer->star + 1);
	request_make(&offer->request, uri, "", true);
}

/* A request is short enough for the buffer of an idle connection. */
static void ask(struct offer *offer)
{
	struct client *client = offer->idle;
	if (client)
		offer->idle = client->next_idle;
	else
		client = new_client(offer);
	if (offer->star)
		make_request(offer);
	client->since = now();
	client->field_bytes = 0;
	ssize_t n = send(client->fd, offer->request.bytes, offer->request.length, MSG_NOSIGNAL);
	if (n != (ssize_t)offer->request.length)
		fail("send");
}

static void answered(struct offer *offer, struct client *client)
{
	double end = now();
	int status = 0;
	client->field[client->field_bytes] = '\0';
	if (sscanf(client->field, "Status: %3d", &status) != 1 || status >= STATUS_MAX) {
		fprintf(stderr, "no status: %s\n", client->field);
		exit(1);
	}
	if (end >= offer->from && offer->answer_count < ANSWERS_MAX)
		offer->answers[offer->answer_count++] =
			(struct answer){.status = status, .took = end - client->since};
	client->next_idle = offer->idle;
	offer->idle = client;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Takes a piece of the stream; true when it ends the answer. */
static bool take(struct client *client, const char *data, size_t size)
{
	bool ended = false;
	while (size > 0) {
		size_t n;
		if (client->header_bytes < sizeof client->header) {
			n = least(size, sizeof client->header - client->header_bytes);
			memcpy((char *)&client->header + client->header_bytes, data, n);
			client->header_bytes += n;
			client->content_left = (size_t)client->header.contentLengthB1 << 8 |
					       client->header.contentLengthB0;
			client->padding_left = client->header.paddingLength;
		} else if (client->content_left > 0) {
			n = least(size, client->content_left);
			size_t field = least(n, FIELD_BYTES - client->field_bytes);
			if (client->header.type == FCGI_STDOUT) {
				memcpy(client->field + client->field_bytes, data, field);
				client->field_bytes += field;
			}
			client->content_left -= n;
		} else {
			n = least(size, client->padding_left);
			client->padding_left -= n;
		}
		data += n;
		size -= n;
		if (client->header_bytes == sizeof client->header && client->content_left == 0 &&
			client->padding_left == 0) {
			ended = ended || client->header.type == FCGI_END_REQUEST;
			client->header_bytes = 0;
		}
	}
	return ended;
}

static void read_answers(struct offer *offer, double until)
{
	static char buffer[BUFFER];
	struct epoll_event events[EVENTS];
	double left = until - now();
	struct timespec wait = {0};
	if (left > 0) {
		wait.tv_sec = (time_t)left;
		wait.tv_nsec = (long)((left - floor(left)) * 1e9);
	}
	int n = epoll_pwait2(offer->epoll, events, EVENTS, &wait, NULL);
	if (n < 0 && errno != EINTR)
		fail("epoll_pwait2");
	for (int i = 0; i < n; i++) {
		struct client *client = events[i].data.ptr;
		ssize_t got = recv(client->fd, buffer, sizeof buffer, MSG_DONTWAIT);
		if (got == 0) {
			fputs("a connection was closed\n", stderr);
			exit(1);
		}
		if (got < 0)
			fail("recv");
		if (take(client, buffer, (size_t)got))
			answered(offer, client);
	}
}

static void run_closed(struct offer *offer, size_t clients, double end)
{
	for (size_t i = 0; i < clients; i++)
		ask(offer);
	while (now() < end) {
		read_answers(offer, end);
		while (offer->idle)
			ask(offer);
	}
}

/* A Poisson process: the times between two arrivals are exponentially distributed. */
static void run_open(struct offer *offer, double rate, double end)
{
	double next = now();
	srand48(1);
	while (now() < end) {
		for (; next <= now(); next -= log(1 - drand48()) / rate)
			ask(offer);
		read_answers(offer, fmin(next, end));
	}
}

static int compare(const void *a, const void *b)
{
	const struct answer *one = a, *other = b;
	if (one->status != other->status)
		return one->status - other->status;
	return (one->took > other->took) - (one->took < other->took);
}

static void print_answers(struct offer *offer)
{
	struct answer *answers = offer->answers;
	size_t count = offer->answer_count;
	qsort(answers, count, sizeof *answers, compare);
	for (size_t i = 0, n; i < count; i += n) {
		for (n = 0; i + n < count && answers[i + n].status == answers[i].status; n++)
			;
		printf("status=%d count=%zu median_ms=%.3f p99_ms=%.3f max_ms=%.3f\n",
			answers[i].status, n, answers[i + n / 2].took * 1e3,
			answers[i + (n * 99 + 99) / 100 - 1].took * 1e3,
			answers[i + n - 1].took * 1e3);
	}
}

int main(int argc, char **argv)
{
	bool is_open = argc > 3 && !strcmp(argv[3], "open");
	if (argc != 6 || (!is_open && strcmp(argv[3], "closed") != 0)) {
		fputs("usage: bench-offer PATH REQUEST_URI closed|open CLIENTS|RATE SECONDS\n",
			stderr);
		return 2;
	}
	struct offer offer = {.address.sun_family = AF_UNIX,
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.clients = calloc(CLIENTS_MAX, sizeof *offer.clients),
		.answers = malloc(ANSWERS_MAX * sizeof *offer.answers)};
	if (offer.epoll < 0 || !offer.clients || !offer.answers)
		fail("start");
	snprintf(offer.address.sun_path, sizeof offer.address.sun_path, "%s", argv[1]);
	offer.uri = argv[2];
	offer.star = strchr(argv[2], '*');
	offer.number = (unsigned)(now() * 1e4) % OTHERS;
	if (!offer.star)
		request_make(&offer.request, argv[2], "", true);
	offer.from = now() + WARM_S;
	double end = offer.from + strtod(argv[5], NULL);
	if (is_open)
		run_open(&offer, strtod(argv[4], NULL), end);
	else
		run_closed(&offer, strtoul(argv[4], NULL, 10), end);
	print_answers(&offer);
	free(offer.clients);
	free(offer.answers);
	return 0;
}
