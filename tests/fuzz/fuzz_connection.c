/* SPDX-License-Identifier: MIT */
/*
 * A whole connection over a socketpair, with a peer that may do anything at any time. The input is
 * a story: what kind of answers the daemon gives, and then turn by turn what the peer does: it
 * sends, a byte at a time or all at once, takes a byte, a little or everything, says that it will
 * send no more, closes, or lets time pass. A turn comes whenever the daemon finds nothing to read,
 * and whenever it waits in poll: that and the clock are ours here (--wrap), so that a minute costs
 * nothing and the same story ends the same way.
 *
 * What must hold: what comes out is records, and in STDOUT the bytes of the answer and nothing
 * else, whatever the peer and the converter's pipe have done; and there is an end to it when the
 * peer does nothing more.
 */
#include "fcgi/connection.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	STORY_MAX = 16384,
	BODY_MAX = 256 * 1024,
	SEND_TIMEOUT_MS = 1000,
	ANSWER_MS = 5000,  /* the deadline of each */
	POLLS_IDLE = 5000, /* with a peer that is done: so many waits and no more, a millisecond
			      each at least */
	SEND_BUFFER = 8192,
};

enum way { WAY_WRITE, WAY_LAST, WAY_PIPE, WAY_FILE, WAY_BREAK, WAYS };

static struct {
	struct fuzz_bytes story;
	int fd; /* -1: closed */
	bool shut;
	uint64_t now_ms;
	unsigned idle; /* waits since the story ended */
	/* What came from the daemon. */
	uint8_t header[FCGI_HEADER_LEN];
	size_t header_length;
	uint32_t content_left, padding_left;
	struct fcgi_header record;
	bool broken; /* by a record of a wrong version: the last thing to come */
	bool in_stdout;
	uint64_t body_at; /* of the answer at hand */
	unsigned ends;
} peer;

/* The byte at each place of an answer: a header field, to be found out of place, is none of them.
 */
static uint8_t body_byte(uint64_t at)
{
	return (uint8_t)(at % 251);
}

static void take_record(void)
{
	peer.record = fcgi_header_decode(peer.header);
	if (peer.record.version != FCGI_VERSION_1) {
		static const uint8_t wrong[FCGI_HEADER_LEN] = {0};
		MUST(!memcmp(peer.header, wrong, sizeof wrong));
		peer.broken = true;
		return;
	}
	uint8_t type = peer.record.type;
	MUST(type == FCGI_STDOUT || type == FCGI_END_REQUEST || type == FCGI_GET_VALUES_RESULT ||
		type == FCGI_UNKNOWN_TYPE);
	peer.content_left = peer.record.content_length;
	peer.padding_left = peer.record.padding_length;
	if (type == FCGI_STDOUT && peer.content_left == 0)
		peer.body_at = 0; /* its end */
	peer.ends += type == FCGI_END_REQUEST;
}

static void take_content(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size && peer.record.type == FCGI_STDOUT; i++)
		MUST(data[i] == body_byte(peer.body_at + i));
	if (peer.record.type == FCGI_STDOUT)
		peer.body_at += size;
}

static void take(const uint8_t *data, size_t size)
{
	while (size > 0) {
		MUST(!peer.broken);
		size_t n = 1;
		if (peer.content_left > 0) {
			n = size < peer.content_left ? size : peer.content_left;
			take_content(data, n);
			peer.content_left -= (uint32_t)n;
		} else if (peer.padding_left > 0) {
			peer.padding_left--;
		} else {
			peer.header[peer.header_length++] = *data;
			if (peer.header_length == FCGI_HEADER_LEN) {
				peer.header_length = 0;
				take_record();
			}
		}
		data += n;
		size -= n;
	}
}

static void receive(size_t most)
{
	static uint8_t buffer[65536];
	while (peer.fd >= 0 && most > 0) {
		ssize_t n = recv(
			peer.fd, buffer, most < sizeof buffer ? most : sizeof buffer, MSG_DONTWAIT);
		if (n <= 0)
			return;
		take(buffer, (size_t)n);
		most -= (size_t)n;
	}
}

/* Whole records, so that libFuzzer need not find out about lengths. */
static void send_record(
	uint8_t type, uint16_t id, const void *content, size_t size, uint8_t padding)
{
	uint8_t wire[FCGI_HEADER_LEN + 1024 + 255] = {0};
	const struct fcgi_header header = {.version = FCGI_VERSION_1,
		.type = type,
		.id = id,
		.content_length = (uint16_t)size,
		.padding_length = padding};
	fcgi_header_encode(&header, wire);
	memcpy(wire + FCGI_HEADER_LEN, content, size);
	if (peer.fd >= 0 && !peer.shut)
		(void)!send(peer.fd, wire, FCGI_HEADER_LEN + size + padding,
			MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_request(uint16_t id, uint8_t flags)
{
	const uint8_t begin[8] = {0, FCGI_RESPONDER, flags};
	send_record(FCGI_BEGIN_REQUEST, id, begin, sizeof begin, 0);
	send_record(FCGI_PARAMS, id, "\013\002REQUEST_URI/a", 15, 0);
	send_record(FCGI_PARAMS, id, "", 0, 0);
	send_record(FCGI_STDIN, id, "", 0, 0);
}

static void send_raw(size_t wanted)
{
	size_t n = wanted < peer.story.size ? wanted : peer.story.size;
	if (peer.fd >= 0 && !peer.shut && n > 0)
		(void)!send(peer.fd, peer.story.data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	peer.story.data += n;
	peer.story.size -= n;
}

/* One thing that the peer does. False: nothing more will come. */
static bool turn(void)
{
	static const char names[] =
		"\016\000FCGI_MAX_CONNS\015\000FCGI_MAX_REQS\017\000FCGI_MPXS_CONNS";
	if (peer.story.size == 0 || peer.fd < 0)
		return false;
	uint8_t what = fuzz_byte(&peer.story), how = fuzz_byte(&peer.story);
	switch (what % 16) {
	case 0:
		send_raw(how + 1u);
		break;
	case 1:
		send_raw(1);
		break;
	case 2:
		receive(1);
		break;
	case 3:
		receive(how * 16u + 1);
		break;
	case 4:
		receive(SIZE_MAX);
		break;
	case 5:
		send_request(how >> 4, how & 1);
		break;
	case 6:
		send_record(FCGI_ABORT_REQUEST, how, "", 0, 0);
		break;
	case 7:
		send_record(FCGI_GET_VALUES, 0, names, how % sizeof names, how >> 4);
		break;
	case 8:
		send_record(how, 0, "?", 1, how >> 4);
		break;
	case 9:
		send_record(FCGI_STDIN, how >> 4, names, how % 16, how);
		break;
	case 10:
		send_record(FCGI_BEGIN_REQUEST, how, "\0\1\1\0\0\0\0", 8, 0);
		break;
	case 11:
		peer.now_ms += how * 8u;
		break;
	case 12:
		for (unsigned i = 0; i < how; i++)
			send_record(FCGI_GET_VALUES, 0, names, 31, (uint8_t)(how % 8));
		break;
	case 13:
		if (how % 8 == 0) {
			peer.shut = true;
			shutdown(peer.fd, SHUT_WR);
		}
		break;
	case 14:
		if (how % 8 == 0) {
			close(peer.fd);
			peer.fd = -1;
		}
		break;
	default:
		break; /* it rests */
	}
	return true;
}

uint64_t __wrap_clock_now_ms(void);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

uint64_t __wrap_clock_now_ms(void)
{
	return peer.now_ms;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	bool more = turn();
	MUST(more || peer.idle++ < POLLS_IDLE);
	peer.now_ms++;
	int n = __real_poll(fds, count, 0);
	/* A wait without an end would be one for ever. */
	MUST(timeout_ms >= 0);
	if (n == 0 && !more)
		peer.now_ms += (uint64_t)timeout_ms;
	return n;
}

/* A pipe with `have` bytes of the body. Returns the reader. */
static int make_pipe(size_t have)
{
	static uint8_t body[BODY_MAX];
	int fds[2];
	MUST(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
	fcntl(fds[1], F_SETPIPE_SZ, 2 * BODY_MAX);
	for (size_t i = 0; i < have; i++)
		body[i] = body_byte(i);
	(void)!write(fds[1], body, have);
	close(fds[1]);
	return fds[0];
}

static int send_body(struct fcgi_connection *connection, enum way way, size_t size, size_t have)
{
	static uint8_t body[BODY_MAX];
	for (size_t i = 0; i < size; i++)
		body[i] = body_byte(i);
	int r;
	if (way == WAY_WRITE || way == WAY_BREAK)
		return fcgi_connection_write(connection, body, size);
	if (way == WAY_LAST) {
		const struct iovec parts[] = {{body, size / 3}, {body + size / 3, size - size / 3}};
		r = fcgi_connection_write_last(connection, parts, 2);
		MUST(r == 0 || (r == -ENOMEM && size > FCGI_RECORD_MAX));
		return r == 0 ? 0 : fcgi_connection_write(connection, body, size);
	}
	int fd = way == WAY_PIPE ? make_pipe(have) : memfd_create("body", MFD_CLOEXEC);
	MUST(fd >= 0);
	if (way == WAY_PIPE) {
		r = fcgi_connection_splice(connection, fd, size);
		MUST(r < 0 || size <= have);
	} else {
		MUST(write(fd, body, have) == (ssize_t)have);
		r = fcgi_connection_sendfile(connection, fd, 0, size);
		MUST(r < 0 || size <= have);
	}
	close(fd);
	return r;
}

/* plan: what the answer is like. Returns what fcgi_connection_end does, or -errno. */
static int answer(struct fcgi_connection *connection, uint8_t plan)
{
	int r = fcgi_connection_begin(connection);
	MUST(r == 0 || r == -EINVAL || r == -E2BIG);
	const char *uri = fcgi_connection_param(connection, "REQUEST_URI");
	if (uri)
		MUST(strlen(uri) < FCGI_PARAMS_MAX);
	size_t size = (size_t[]){1, 100, 65528, 65529, 70000, 140000, 200001, BODY_MAX}[plan % 8];
	enum way way = (enum way)(plan / 8 % WAYS);
	fcgi_connection_set_send_timeout(connection, SEND_TIMEOUT_MS);
	fcgi_connection_set_deadline(connection, peer.now_ms + ANSWER_MS);
	fcgi_connection_set_splice(connection, plan < 128);
	/* Sometimes there is less than what was counted. */
	size_t have = plan % 3 == 0 ? size - size / 3 : size;
	r = send_body(connection, way, size, have);
	/* In between, a worker looks whether the peer is there. */
	if (r == 0 && way != WAY_LAST)
		(void)fcgi_connection_read(connection);
	if (r == -EIO || r == -ENODATA || r == -ETIME || way == WAY_BREAK)
		fcgi_connection_break(connection);
	if (r < 0 || way == WAY_BREAK)
		return -ECONNRESET;
	return fcgi_connection_end(connection);
}

/* The daemon's side, until one of them has enough. Returns how many requests were answered to their
 * end. */
static unsigned serve(struct fcgi_connection *connection, uint8_t plan)
{
	unsigned answers = 0;
	for (;;) {
		int r = fcgi_connection_read(connection);
		if (r == -EAGAIN && turn())
			continue;
		if (r < 0)
			return answers;
		if (!fcgi_input_complete(fcgi_connection_get_input(connection)))
			continue;
		r = answer(connection, plan);
		plan = (uint8_t)(plan * 7 + 1);
		answers += r >= 0;
		if (r != 0)
			return answers;
	}
}

/* As the daemon: splice(2) and sendfile(2) know no MSG_NOSIGNAL. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2], bytes = SEND_BUFFER, large = 1 << 20;
	if (size > STORY_MAX || size < 2)
		return 0;
	memset(&peer, 0, sizeof peer);
	peer.story = (struct fuzz_bytes){data, size};
	uint8_t plan = fuzz_byte(&peer.story);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
	peer.fd = pair[1];
	peer.now_ms = 1000;
	struct fcgi_connection *connection = fcgi_connection_new(pair[0]);
	MUST(connection);
	unsigned answers = serve(connection, plan);
	fcgi_connection_free(connection);
	receive(SIZE_MAX);
	if (peer.fd >= 0)
		close(peer.fd);
	/* Refusals are ends, too. */
	MUST(peer.fd < 0 || peer.broken || peer.ends >= answers);
	return 0;
}
