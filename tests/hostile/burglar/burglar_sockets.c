/* SPDX-License-Identifier: MIT */
#include "burglar.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { FAMILIES = 46 };

/* Any family, any type. The error is the first one. */
static int any_socket(const char *unused)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};
	(void)unused;
	int error = 0;
	for (int family = 0; family < FAMILIES; family++)
		for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
			int fd = socket(family, types[i], 0);
			if (fd >= 0)
				return close(fd);
			if (error == 0)
				error = errno;
		}
	return -error;
}

static int pair(int type)
{
	int ends[2];
	if (socketpair(AF_UNIX, type, 0, ends) < 0)
		return -errno;
	close(ends[1]);
	return ends[0];
}

static int pair_of_streams(const char *unused)
{
	(void)unused;
	int fd = pair(SOCK_STREAM);
	return fd < 0 ? fd : close(fd);
}

static int pair_of_packets(const char *unused)
{
	(void)unused;
	int fd = pair(SOCK_SEQPACKET);
	return fd < 0 ? fd : close(fd);
}

static int pair_of_datagrams(const char *unused)
{
	(void)unused;
	int fd = pair(SOCK_DGRAM);
	return fd < 0 ? fd : close(fd);
}

/* An end of a pair may still send to other addresses, be connected to them, or get one. */
static int on_pair(const char *path, int (*use)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	size_t length = offsetof(struct sockaddr_un, sun_path) + strlen(path);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	int fd = pair(SOCK_DGRAM);
	if (fd < 0)
		return fd;
	int r = burglar_result(use(fd, (struct sockaddr *)&address, (socklen_t)length));
	close(fd);
	return r;
}

static int send_one(int fd, const struct sockaddr *address, socklen_t length)
{
	return (int)sendto(fd, "x", 1, MSG_DONTWAIT, address, length);
}

static int send_datagram(const char *path)
{
	return on_pair(path, send_one);
}

static int connect_pair(const char *path)
{
	return on_pair(path, connect);
}

static int name_pair(const char *unused)
{
	(void)unused;
	return on_pair("@sluice-burglar-itself", bind);
}

/* The number of another table of system calls, where the kernel has one. */
static int by_old_gate(const char *unused)
{
	(void)unused;
#ifdef __x86_64__
	long r;
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(359L), "b"(1L), "c"(1L), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return r < 0 ? (int)r : close((int)r);
#else
	return -ENOSYS;
#endif
}

static int by_x32(const char *unused)
{
	(void)unused;
	return burglar_result(syscall(SYS_socket | 0x40000000, AF_UNIX, SOCK_STREAM, 0));
}

const struct burglar_entry burglar_sockets[] = {
	{"socket", any_socket, 0},
	{"socketpair-stream", pair_of_streams, 0},
	{"socketpair-seqpacket", pair_of_packets, 0},
	{"socketpair-dgram", pair_of_datagrams, 0},
	{"send-datagram", send_datagram, TARGET_SOCKET},
	{"connect-pair", connect_pair, TARGET_SOCKET},
	{"bind-pair", name_pair, 0},
	{"i386-socket", by_old_gate, 0},
	{"x32-socket", by_x32, 0},
	{NULL, NULL, 0},
};
