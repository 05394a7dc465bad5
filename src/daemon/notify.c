/* SPDX-License-Identifier: MIT */
/*
 * The protocol is one datagram for each message, so it needs no library. The socket is connected
 * before the daemon enters its sandbox. A manager that does not read for a while must neither stop
 * the daemon nor keep an old state for the current one, so the last state is sent until there is
 * room for it.
 */
#include "src/daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

enum {
	AGAIN_MS = 200,
	END_MS = 1000, /* for the last state */
};

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || length >= sizeof address.sun_path)
		return -1;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	FD_CLEANUP int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, size) < 0)
		return -1;
	return fd_take(&fd);
}

static uint64_t number(const char *name)
{
	const char *text = getenv(name);
	if (!text || strspn(text, "0123456789") != strlen(text))
		return 0;
	return strtoull(text, NULL, 10);
}

void notify_open(struct notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	*notify = (struct notify){.fd = path ? open_socket(path) : -1, .due_ms = CLOCK_NEVER};
	uint64_t pid = number("WATCHDOG_PID");
	/* Twice as often as the manager expects it: one late message does no harm then. */
	if (notify->fd >= 0 && (pid == 0 || pid == (uint64_t)getpid()))
		notify->watchdog_ms = number("WATCHDOG_USEC") / 2000;
	if (notify->watchdog_ms)
		notify->due_ms = clock_now_ms();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_close(struct notify *notify)
{
	struct pollfd room = {.fd = notify->fd, .events = POLLOUT};
	/* A manager that is not told of the successor would take this daemon's end for the
	 * service's. */
	if (notify->fd >= 0 && notify->unsent[0] && poll(&room, 1, END_MS) > 0)
		(void)!send(notify->fd, notify->unsent, strlen(notify->unsent), MSG_NOSIGNAL);
	notify->unsent[0] = '\0';
	fd_close(&notify->fd);
}

/* Returns false when there was no room. Any other error means that there is no reader. */
static bool send_message(const struct notify *notify, const char *message)
{
	return notify->fd < 0 ||
	       send(notify->fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ||
	       (errno != EAGAIN && errno != ENOBUFS);
}

/* Replaces an older state that has not been sent. */
static void send_state(struct notify *notify, const char *message)
{
	bool sent = send_message(notify, message);
	snprintf(notify->unsent, sizeof notify->unsent, "%s", sent ? "" : message);
	notify->again_ms = clock_now_ms() + AGAIN_MS;
}

void notify_ready(struct notify *notify)
{
	send_state(notify, "READY=1\nSTATUS=serving");
}

void notify_reloading(struct notify *notify)
{
	char message[80];
	snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_now_us());
	send_state(notify, message);
}

void notify_stopping(struct notify *notify)
{
	send_state(notify, "STOPPING=1\nSTATUS=finishing the running requests");
}

void notify_successor(struct notify *notify, pid_t pid)
{
	char message[80];
	snprintf(message, sizeof message, "MAINPID=%jd\nSTATUS=serving", (intmax_t)pid);
	send_state(notify, message);
	notify->due_ms = CLOCK_NEVER;
	if (!notify->unsent[0])
		notify_close(notify);
}

void notify_adopt(struct notify *notify, int fd, uint64_t watchdog_ms)
{
	if (notify->fd >= 0) {
		fd_close(&fd);
		return;
	}
	*notify = (struct notify){
		.fd = fd,
		.watchdog_ms = watchdog_ms,
		.due_ms = watchdog_ms ? clock_now_ms() : CLOCK_NEVER,
	};
}

uint64_t notify_tend(struct notify *notify)
{
	uint64_t now_ms = clock_now_ms();
	if (notify->unsent[0] && now_ms >= notify->again_ms) {
		char message[sizeof notify->unsent];
		memcpy(message, notify->unsent, sizeof message);
		send_state(notify, message);
	}
	if (now_ms >= notify->due_ms) {
		send_message(notify, "WATCHDOG=1");
		notify->due_ms = now_ms + notify->watchdog_ms;
	}
	return notify->unsent[0] && notify->again_ms < notify->due_ms ? notify->again_ms
								      : notify->due_ms;
}
