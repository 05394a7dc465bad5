/* SPDX-License-Identifier: MIT */
/* The file of a Unix socket outlives a daemon that was killed. A connection to it shows whether a
 * process still listens there. The file is removed only when that connection is refused. */
#include "fcgi/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

struct address {
	int family;
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_storage storage;
	} u;
	socklen_t length;
};

static int parse_tcp(const char *text, int family, struct address *out)
{
	char host[256];
	const char *colon = strrchr(text, ':');
	if (!colon || colon == text || !colon[1] || (size_t)(colon - text) >= sizeof host)
		return LISTENER_E_ADDRESS;
	size_t length = (size_t)(colon - text);
	if (text[0] == '[') {
		if (text[length - 1] != ']' || length < 3)
			return LISTENER_E_ADDRESS;
		text++;
		length -= 2;
	}
	memcpy(host, text, length);
	host[length] = '\0';
	struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | AI_PASSIVE,
	};
	struct addrinfo *found = NULL;
	if (getaddrinfo(strcmp(host, "*") ? host : NULL, colon + 1, &hints, &found) != 0)
		return LISTENER_E_ADDRESS;
	memcpy(&out->u.storage, found->ai_addr, found->ai_addrlen);
	out->length = found->ai_addrlen;
	out->family = found->ai_family;
	freeaddrinfo(found);
	return 0;
}

static int parse_address(const char *text, struct address *out)
{
	memset(out, 0, sizeof *out);
	if (!strncmp(text, "tcp:", 4))
		return parse_tcp(text + 4, AF_INET, out);
	if (!strncmp(text, "tcp6:", 5))
		return parse_tcp(text + 5, AF_INET6, out);
	if (strncmp(text, "unix:", 5) != 0)
		return LISTENER_E_ADDRESS;
	const char *path = text + 5;
	if (!*path || strlen(path) >= sizeof out->u.un.sun_path)
		return LISTENER_E_ADDRESS;
	out->family = out->u.un.sun_family = AF_UNIX;
	strcpy(out->u.un.sun_path, path);
	out->length = sizeof out->u.un;
	return 0;
}

/* Removes the file of a socket that no process listens on. Anything else stays. */
static int remove_stale(const struct address *address)
{
	struct stat st;
	if (lstat(address->u.un.sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return LISTENER_E_NO_SOCKET;
	FD_CLEANUP int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &address->u.any, address->length) == 0)
		return -EADDRINUSE;
	if (errno == EACCES || errno == EPERM)
		return LISTENER_E_FOREIGN;
	if (errno != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(address->u.un.sun_path) < 0 ? LISTENER_E_STALE : 0;
}

/* The file is ours from here on. Its mode is changed by a descriptor: a user who may write in the
 * directory could make root change another file otherwise. */
static int own_file(const char *path, mode_t mode, struct listener *listener)
{
	FD_CLEANUP int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	char link[sizeof "/proc/self/fd/" + 12];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (chmod(link, mode) < 0)
		return -errno;
	listener->unlink_path = strdup(path);
	listener->dev = st.st_dev;
	listener->ino = st.st_ino;
	return listener->unlink_path ? 0 : -ENOMEM;
}

static int bind_unix(int fd, const struct address *address, mode_t mode, struct listener *listener)
{
	const char *path = address->u.un.sun_path;
	int r = remove_stale(address);
	if (r != 0)
		return r;
	/* No client can connect between bind and chmod, because the socket does not listen yet. */
	if (bind(fd, &address->u.any, address->length) < 0)
		return -errno;
	return own_file(path, mode, listener);
}

int listener_open(const char *text, mode_t mode, struct listener *listener)
{
	*listener = (struct listener){.fd = -1};
	struct address address;
	int r = parse_address(text, &address);
	if (r != 0)
		return r;
	FD_CLEANUP int fd = socket(address.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (address.family == AF_UNIX) {
		r = bind_unix(fd, &address, mode, listener);
		if (r != 0)
			return r;
	} else {
		int on = 1;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		if (address.family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
		if (bind(fd, &address.u.any, address.length) < 0)
			return -errno;
	}
	if (listen(fd, SOMAXCONN) < 0) {
		r = -errno;
		listener_close(listener);
		return r;
	}
	listener->fd = fd_take(&fd);
	return 0;
}

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t length = sizeof listening;
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening;
}

static int adopt(int fd, struct listener *listener)
{
	if (!is_listening(fd))
		return -ENOTSOCK;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		return -errno;
	*listener = (struct listener){.fd = fd};
	return 0;
}

static long environment_number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	if (!text || !*text)
		return -1;
	errno = 0;
	long value = strtol(text, &end, 10);
	return *end || errno ? -1 : value;
}

int listener_inherit(struct listener listeners[LISTENER_MAX], size_t *count)
{
	*count = 0;
	long pid = environment_number("LISTEN_PID"), fds = environment_number("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (pid == (long)getpid() && fds > 0) {
		for (long i = 0; i < fds && *count < LISTENER_MAX; i++) {
			int r = adopt(3 + (int)i, &listeners[*count]);
			if (r < 0)
				return r;
			++*count;
		}
		return 0;
	}
	if (!is_listening(STDIN_FILENO))
		return LISTENER_E_NONE_INHERITED;
	/* To another number: 0 becomes /dev/null, as in every daemon. */
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		close(null);
	}
	int r = adopt(fd, &listeners[0]);
	*count = r == 0;
	return r;
}

static int identify(const struct address *address, char identity[LISTENER_IDENTITY_MAX])
{
	if (address->family == AF_UNIX) {
		struct stat st;
		if (!address->u.un.sun_path[0])
			return -EADDRNOTAVAIL;
		if (lstat(address->u.un.sun_path, &st) < 0)
			return -errno;
		snprintf(identity, LISTENER_IDENTITY_MAX, "unix:%jx:%jx", (uintmax_t)st.st_dev,
			(uintmax_t)st.st_ino);
		return 0;
	}
	char host[64], port[8];
	if (getnameinfo(&address->u.any, address->length, host, sizeof host, port, sizeof port,
		    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return -EADDRNOTAVAIL;
	snprintf(identity, LISTENER_IDENTITY_MAX, "tcp:%s:%s", host, port);
	return 0;
}

int listener_identify(int fd, char identity[LISTENER_IDENTITY_MAX])
{
	struct address address;
	memset(&address, 0, sizeof address);
	address.length = sizeof address.u;
	if (getsockname(fd, &address.u.any, &address.length) < 0)
		return -errno;
	/* A path that fills the whole address need not end with a zero. */
	if (address.length >= sizeof address.u)
		return -EADDRNOTAVAIL;
	address.family = address.u.any.sa_family;
	return identify(&address, identity);
}

const char *listener_describe(int fd, char text[LISTENER_ADDRESS_MAX])
{
	struct address address;
	memset(&address, 0, sizeof address);
	address.length = sizeof address.u;
	snprintf(text, LISTENER_ADDRESS_MAX, "unknown");
	if (getsockname(fd, &address.u.any, &address.length) < 0)
		return NULL;
	const char *path = address.u.un.sun_path;
	if (address.u.any.sa_family == AF_UNIX) {
		bool file = path[0] != '\0';
		snprintf(text, LISTENER_ADDRESS_MAX, "unix:%s%.107s", file ? "" : "@",
			file ? path : path + 1);
		return file ? text + strlen("unix:") : NULL;
	}
	char host[64], port[8];
	bool six = address.u.any.sa_family == AF_INET6;
	if (getnameinfo(&address.u.any, address.length, host, sizeof host, port, sizeof port,
		    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(
			text, LISTENER_ADDRESS_MAX, six ? "tcp6:[%s]:%s" : "tcp:%s:%s", host, port);
	return NULL;
}

int listener_identify_address(const char *text, char identity[LISTENER_IDENTITY_MAX])
{
	struct address address;
	int r = parse_address(text, &address);
	return r == 0 ? identify(&address, identity) : r;
}

int listener_take(int fd, const char *text, mode_t mode, struct listener *listener)
{
	struct listener taken = {.fd = -1};
	struct address address;
	int r = adopt(fd, &taken);
	if (r == 0 && text && parse_address(text, &address) == 0 && address.family == AF_UNIX)
		r = own_file(address.u.un.sun_path, mode, &taken);
	if (r == 0)
		*listener = taken;
	else
		listener_disown(&taken);
	return r;
}

void listener_disown(struct listener *listener)
{
	free(listener->unlink_path);
	listener->unlink_path = NULL;
}

void listener_close(struct listener *listener)
{
	fd_close(&listener->fd);
	struct stat st;
	if (listener->unlink_path && lstat(listener->unlink_path, &st) == 0 &&
		st.st_dev == listener->dev && st.st_ino == listener->ino)
		unlink(listener->unlink_path);
	listener_disown(listener);
}

bool listener_is_served(const char *text)
{
	struct address address;
	int error = parse_address(text, &address);
	FD_CLEANUP int fd = socket(address.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (error != 0 || fd < 0)
		return false;
	if (connect(fd, &address.u.any, address.length) == 0 || errno == EAGAIN)
		return true; /* EAGAIN: its queue is full */
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	socklen_t length = sizeof error;
	return errno == EINPROGRESS && poll(&poll_fd, 1, 1000) == 1 &&
	       getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
}

int listener_connect(const char *text, int *out)
{
	struct address address;
	int r = parse_address(text, &address);
	if (r != 0)
		return r;
	FD_CLEANUP int fd = socket(address.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &address.u.any, address.length) < 0)
		return -errno;
	*out = fd_take(&fd);
	return 0;
}
