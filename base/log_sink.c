/* SPDX-License-Identifier: MIT */
/* The descriptor stays the same number for the whole life: a reopened file is dup3'ed over it, so
 * that no thread can ever write to a number that was closed and given to something else. Datagrams
 * are sent from a socket that is not connected: a syslogd that was restarted is found again by its
 * name. */
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
#include <time.h>
#include <unistd.h>

enum { FACILITY_DAEMON = 3 << 3 };
enum kind { KIND_STREAM, KIND_SYSLOG, KIND_JOURNAL };

static const struct {
	const char *name, *socket;
} kinds[] = {
	[KIND_SYSLOG] = {"syslog", "/dev/log"},
	[KIND_JOURNAL] = {"journal", "/run/systemd/journal/socket"},
};

static atomic_int log_fd = STDERR_FILENO;
static enum kind kind; /* these four: written before there are threads */
static char *file_path;
static bool is_file; /* which is always ready */
static struct sockaddr_un address;
static atomic_uint_fast64_t dropped;

static int open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	return fd < 0 ? -errno : fd;
}

/* Puts fd, which is consumed, where lines go. */
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
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* Somebody has to be there at the start; later a line may be lost while he restarts. */
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

static bool is_regular(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int log_sink_open(const char *where)
{
	if (!where || !*where || !strcmp(where, "stderr")) {
		is_file = is_regular(STDERR_FILENO);
		return 0;
	}
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
	is_file = is_regular(fd);
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

bool log_sink_blocks(void)
{
	struct pollfd poll_fd = {.fd = atomic_load(&log_fd), .events = POLLOUT};
	return kind == KIND_STREAM && !is_file && poll(&poll_fd, 1, 0) == 0;
}

uint64_t log_sink_dropped(void)
{
	return atomic_load(&dropped);
}

void log_sink_time(char out[LOG_TIME_SIZE])
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	struct tm utc;
	gmtime_r(&now.tv_sec, &utc);
	size_t length = strftime(out, LOG_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out + length, LOG_TIME_SIZE - length, ".%03uZ",
		(unsigned)(now.tv_nsec / 1000000) % 1000);
}

static int priority(enum log_level level)
{
	static const int priorities[] = {3, 4, 5, 6}; /* syslog(3) */
	return priorities[level];
}

/* What stands in front of the line. */
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
		log_sink_time(stamp);
		return snprintf(head, size, "%s %s ", stamp, log_level_name(level));
	}
}

void log_sink_write(enum log_level level, const char *line, size_t length, bool stamped)
{
	char head[128];
	int n = make_head(head, sizeof head, level, stamped);
	/* The parts of a vector are not written to. */
	struct iovec parts[3] = {
		{.iov_base = head, .iov_len = n > 0 ? (size_t)n : 0},
		{.iov_base = (void *)(uintptr_t)line, .iov_len = length},
		{.iov_base = (char[]){'\n'}, .iov_len = kind == KIND_SYSLOG ? 0 : 1},
	};
	struct msghdr message = {
		.msg_name = &address,
		.msg_namelen = sizeof address,
		.msg_iov = parts,
		.msg_iovlen = 3,
	};
	int fd = atomic_load(&log_fd);
	ssize_t written = kind == KIND_STREAM ? writev(fd, parts, 3)
					      : sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (written < 0)
		atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
}
