/* SPDX-License-Identifier: MIT */
/*
 * The listening sockets themselves are passed on, because nothing else keeps the connections that
 * wait in their backlog. A second socket under the same name (SO_REUSEPORT, or rename(2) over the
 * path) has a queue of its own, and the queue of the old socket is lost when it closes.
 *
 * The control socket is in the abstract namespace. It disappears when a daemon is killed, and it
 * needs no directory that both daemons can write to. But every process can take a name there first:
 * so the successor checks the user of the process that answers, and that the sockets which it gets
 * listen where it asked.
 */
#include "src/daemon/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fd_message.h"

enum {
	MAGIC = 0x736c7563, /* the same in all versions */
	TIMEOUT_S = 10,
	FDS_MAX = LISTENER_MAX + 1, /* and the service manager's socket */
};

enum kind { KIND_SOCKETS = 1, KIND_READY, KIND_GONE, KIND_CONNECTION, KIND_LATE };

struct packet {
	uint32_t magic, kind;
	uint32_t listeners, owns_file, has_notify;
	uint32_t reserved;
	uint64_t watchdog_ms;
};

static int send_packet(int channel, struct packet *packet, const int *fds, size_t count)
{
	packet->magic = MAGIC;
	int r = fd_message_send_dup_fds(channel, packet, sizeof *packet, fds, count);
	/* Too many descriptors are under way; there is room again when the peer has read some. */
	return r == -ENOBUFS || r == -ETOOMANYREFS ? -EAGAIN : r;
}

/* Returns 0, -ECONNRESET at the end, -EPROTO when it is not what was expected, or another -errno.
 */
static int receive_packet(int channel, enum kind kind, struct packet *packet, struct fd_list *fds)
{
	size_t size = sizeof *packet;
	int r = fd_message_receive(channel, packet, &size, fds, FDS_MAX);
	if (r == 1 && size == sizeof *packet && packet->magic == MAGIC && packet->kind == kind)
		return 0;
	fd_list_close(fds);
	if (r == 0)
		return -ECONNRESET;
	return r < 0 && r != -EMSGSIZE && r != -EMFILE ? r : -EPROTO;
}

static int make_address(const char *identity, struct sockaddr_un *address, socklen_t *length)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	int n = snprintf(
		address->sun_path + 1, sizeof address->sun_path - 1, "sluice/%s", identity);
	if (n < 0 || (size_t)n >= sizeof address->sun_path - 1)
		return -ENAMETOOLONG;
	*length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	return 0;
}

static int get_peer(int fd, struct ucred *peer)
{
	socklen_t length = sizeof *peer;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &length) < 0 ? -errno : 0;
}

static int connect_to(const char *identity, int *out)
{
	struct sockaddr_un address;
	socklen_t length = 0;
	int r = make_address(identity, &address, &length);
	if (r < 0)
		return r;
	FD_CLEANUP int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	if (connect(fd, (struct sockaddr *)&address, length) < 0)
		return errno == ECONNREFUSED ? HANDOVER_E_ABSENT : -errno;
	*out = fd_take(&fd);
	return 0;
}

static bool listens_there(const int *fds, size_t count, const char *identity)
{
	char found[LISTENER_IDENTITY_MAX];
	for (size_t i = 0; i < count; i++)
		if (listener_identify(fds[i], found) == 0 && !strcmp(found, identity))
			return true;
	return false;
}

int handover_ask(const char *address, uid_t uid, struct handover_sockets *sockets, int *out)
{
	char identity[LISTENER_IDENTITY_MAX];
	int r = listener_identify_address(address, identity);
	/* The caller finds out what is wrong with an address when it opens it itself. */
	if (r != 0)
		return r == -ENOENT || r == LISTENER_E_ADDRESS ? HANDOVER_E_ABSENT : r;
	FD_CLEANUP int channel = -1;
	struct ucred peer;
	struct packet packet;
	struct fd_list fds;
	r = connect_to(identity, &channel);
	if (r == 0)
		r = get_peer(channel, &peer);
	if (r == 0 && peer.uid != 0 && peer.uid != geteuid() && peer.uid != uid)
		r = -EACCES;
	if (r == 0)
		r = receive_packet(channel, KIND_SOCKETS, &packet, &fds);
	if (r != 0)
		return r == -ECONNRESET ? -EACCES : r == -EAGAIN ? -ETIMEDOUT : r;
	bool notify = packet.has_notify == 1;
	if (packet.listeners == 0 || packet.listeners > LISTENER_MAX ||
		packet.listeners + notify != fds.count ||
		!listens_there(fds.at, packet.listeners, identity)) {
		fd_list_close(&fds);
		return -EPROTO;
	}
	*sockets = (struct handover_sockets){
		.count = packet.listeners,
		.owns_file = packet.owns_file == 1 && packet.listeners == 1,
		.notify = notify ? fd_list_take(&fds, fds.count - 1) : -1,
		.watchdog_ms = packet.watchdog_ms,
	};
	for (size_t i = 0; i < packet.listeners; i++)
		sockets->fds[i] = fd_list_take(&fds, i);
	*out = fd_take(&channel);
	return 0;
}

int handover_finish(int channel)
{
	struct packet packet = {.kind = KIND_READY}, answer = {0};
	struct fd_list fds;
	/* Even when sending fails, there may be an answer that was sent before. */
	int sent = send_packet(channel, &packet, NULL, 0);
	int r = receive_packet(channel, KIND_GONE, &answer, &fds);
	if (r == 0)
		fd_list_close(&fds);
	if (r == -EPROTO && answer.magic == MAGIC && answer.kind == KIND_LATE)
		return -ESTALE;
	r = sent < 0 ? sent : r;
	fcntl(channel, F_SETFL, O_NONBLOCK);
	return r == -EAGAIN ? -ETIMEDOUT : r;
}

int handover_receive(int channel, int *fd)
{
	struct packet packet;
	struct fd_list fds;
	int r = receive_packet(channel, KIND_CONNECTION, &packet, &fds);
	if (r < 0)
		return r == -EAGAIN ? r : -ECONNRESET;
	if (fds.count != 1) {
		fd_list_close(&fds);
		return -ECONNRESET;
	}
	*fd = fd_list_take(&fds, 0);
	return 0;
}

int handover_listen(int listener, int *out)
{
	char identity[LISTENER_IDENTITY_MAX];
	struct sockaddr_un address;
	socklen_t length = 0;
	int r = listener_identify(listener, identity);
	if (r == 0)
		r = make_address(identity, &address, &length);
	if (r < 0)
		return r;
	FD_CLEANUP int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 4) < 0)
		return -errno;
	*out = fd_take(&fd);
	return 0;
}

int handover_admit(int fd, const struct handover_sockets *sockets, int *out, pid_t *pid)
{
	FD_CLEANUP int channel = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer;
	if (channel < 0)
		return -errno;
	int r = get_peer(channel, &peer);
	if (r == 0 && peer.uid != 0 && peer.uid != geteuid())
		r = -EACCES;
	if (r < 0)
		return r;
	int fds[FDS_MAX];
	size_t count = sockets->count;
	memcpy(fds, sockets->fds, count * sizeof *fds);
	if (sockets->notify >= 0)
		fds[count++] = sockets->notify;
	struct packet packet = {
		.kind = KIND_SOCKETS,
		.listeners = (uint32_t)sockets->count,
		.owns_file = sockets->owns_file,
		.has_notify = sockets->notify >= 0,
		.watchdog_ms = sockets->watchdog_ms,
	};
	r = send_packet(channel, &packet, fds, count);
	if (r < 0)
		return r;
	*pid = peer.pid;
	*out = fd_take(&channel);
	return 0;
}

void handover_refuse(int fd)
{
	int channel = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	fd_close(&channel);
}

int handover_is_ready(int channel)
{
	struct packet packet;
	struct fd_list fds;
	int r = receive_packet(channel, KIND_READY, &packet, &fds);
	if (r == 0)
		fd_list_close(&fds);
	return r == 0 || r == -EAGAIN ? r : -ECONNRESET;
}

void handover_say_late(int channel)
{
	struct packet packet = {.kind = KIND_LATE};
	send_packet(channel, &packet, NULL, 0);
}

void handover_say_gone(int channel)
{
	struct packet packet = {.kind = KIND_GONE};
	send_packet(channel, &packet, NULL, 0);
}

int handover_give(int channel, int fd)
{
	struct packet packet = {.kind = KIND_CONNECTION};
	return send_packet(channel, &packet, &fd, 1);
}
