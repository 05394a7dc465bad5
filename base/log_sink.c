/* SPDX-License-Identifier: MIT */
/* The descriptor keeps its number for the whole life of the process: a reopened file replaces it
 * with dup3, so that no thread can write to a number that was closed and given to something else.
 * Datagrams are sent from a socket that is not connected, so a restarted syslogd is found again by
 * its name. `kind`, `file_path` and `address` are written before there are threads. */
#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { FACILITY_DAEMON = 3 << 3 };
enum kind { KIND_STREAM, KIND_SYSLOG, KIND_JOURNAL };

static const struct {
	const char *name, *socket;
} kinds[] = {
	[KIND_SYSLOG] = {"syslog", "/dev/log"},
	[KIND_JOURNAL] = {"journal", "/run/systemd/journal/socket"},
};

static atomic_int log_fd = STDERR_FILENO;
static enum kind kind;
static char *file_path;
static struct sockaddr_un address;

static int open_file(const char *path)
{
	/* O_NONBLOCK: a FIFO without a reader is an error; open would wait for the reader
	 * otherwise. */
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	return fd < 0 ? -errno : fd;
}

/* Makes fd the place where lines go. Consumes it. */
static int replace(int fd)
{
	int current = atomic_load(&log_fd);
	if (current == STDERR_FILENO) {
		atomic_store(&log_fd, fd);
		return 0;
	}
	int r = dup3(fd, current, O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* The kind that `where` names, and the rest of it behind "kind:". */
static enum kind find_kind(const char *where, const char **rest)
{
	for (enum kind k = KIND_SYSLOG; k <= KIND_JOURNAL; k++) {
		size_t length = strlen(kinds[k].name);
		if (strncmp(where, kinds[k].name, length) != 0)
			continue;
		if (where[length] == '\0' || where[length] == ':') {
			*rest = where[length] ? where + length + 1 : kinds[k].socket;
			return k;
		}
	}
	*rest = where;
	return KIND_STREAM;
}

static int open_socket(enum kind which, const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	if (path[0] != '/' || strlen(path) >= sizeof to.sun_path)
		return LOG_E_WHERE;
	memcpy(to.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct timeval patience = {.tv_usec = LOG_SINK_PATIENCE_MS * 1000L};
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	/* At the start the receiver has to exist. Later, lines may be lost while it restarts. */
	int r = connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 ? -errno : 0;
	if (r == 0 &&
		connect(fd, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(sa_family_t)) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	address = to;
	kind = which;
	return replace(fd);
}

int log_sink_open(const char *where)
{
	if (!where || !*where || !strcmp(where, "stderr"))
		return 0;
	const char *path;
	enum kind wanted = find_kind(where, &path);
	if (wanted != KIND_STREAM)
		return open_socket(wanted, path);
	if (path[0] != '/')
		return LOG_E_WHERE;
	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	int fd = open_file(path);
	if (fd < 0) {
		free(copy);
		return fd;
	}
	free(file_path);
	file_path = copy;
	kind = KIND_STREAM;
	return replace(fd);
}

int log_sink_reopen(void)
{
	if (!file_path)
		return 0;
	int fd = open_file(file_path);
	return fd < 0 ? fd : replace(fd);
}

static int priority(enum log_level level)
{
	static const int priorities[] = {3, 4, 5, 6}; /* syslog(3) */
	return priorities[level];
}

/* What stands before the line. stamped: the line has its time and level already. */
static int make_head(char *head, size_t size, enum log_level level, bool stamped)
{
	char stamp[LOG_TIME_SIZE];
	time_t now = time(NULL);
	struct tm local;
	switch (kind) {
	case KIND_SYSLOG:
		localtime_r(&now, &local);
		strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &local);
		return snprintf(head, size,
			"<%d>%s sluice[%d]: ", FACILITY_DAEMON | priority(level), stamp,
			(int)getpid());
	case KIND_JOURNAL:
		return snprintf(head, size,
			"PRIORITY=%d\nSYSLOG_IDENTIFIER=sluice\nMESSAGE=", priority(level));
	default:
		if (stamped)
			return 0;
		log_line_time(stamp);
		return snprintf(head, size, "%s %s ", stamp, log_level_name(level));
	}
}

static bool has_room(int fd, uint64_t until_ms)
{
	struct pollfd entry = {.fd = fd, .events = POLLOUT};
	return poll(&entry, 1, clock_poll_timeout(until_ms)) != 0;
}

/* A line that was begun is written to its end, or it would garble the next one. */
static int send_stream(int fd, const char *line, size_t length)
{
	size_t done = 0;
	while (done < length) {
		uint64_t until_ms = clock_now_ms() + LOG_SINK_PATIENCE_MS;
		if (!has_room(fd, until_ms) && done == 0)
			return -EAGAIN;
		ssize_t n = write(fd, line + done, length - done);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n < 0 && errno == EAGAIN && done == 0)
			return -EAGAIN;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int send_datagram(int fd, const struct iovec *parts, int count, int flags)
{
	struct msghdr message = {
		.msg_name = &address,
		.msg_namelen = sizeof address,
		.msg_iov = (struct iovec *)(uintptr_t)parts,
		.msg_iovlen = (size_t)count,
	};
	return sendmsg(fd, &message, flags | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int log_sink_send(const char *line, size_t length)
{
	int fd = atomic_load(&log_fd);
	if (kind == KIND_STREAM)
		return send_stream(fd, line, length);
	struct iovec part = {.iov_base = (void *)(uintptr_t)line, .iov_len = length};
	return send_datagram(fd, &part, 1, 0);
}

void log_sink_frame(struct log_frame *frame, const struct log_line *line)
{
	int n = make_head(frame->head, sizeof frame->head, line->level, line->json);
	frame->parts[0] = (struct iovec){frame->head, n > 0 ? (size_t)n : 0};
	frame->parts[1] = (struct iovec){line->text.data, line->text.len};
	frame->parts[2] = (struct iovec){(void *)(uintptr_t) "\n", kind == KIND_SYSLOG ? 0 : 1};
}

bool log_sink_write(const struct log_frame *frame)
{
	int fd = atomic_load(&log_fd);
	if (kind != KIND_STREAM)
		return send_datagram(fd, frame->parts, LOG_FRAME_PARTS, MSG_DONTWAIT) == 0;
	return has_room(fd, clock_now_ms() + LOG_SINK_PATIENCE_MS) &&
	       writev(fd, frame->parts, LOG_FRAME_PARTS) >= 0;
}
