/* SPDX-License-Identifier: MIT */
/* The peer decides how many descriptors and control messages arrive. Each descriptor that arrives
 * is ours at once, so each is put into the list or closed before anything else is looked at. */
#include "base/fd_message.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/fd.h"

/* Room for one more than the list holds: alignment adds that room anyway, and what arrives there
 * has to be closed. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE((FD_LIST_MAX + 1) * sizeof(int))];
};

void fd_list_close(struct fd_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		fd_close(&list->at[i]);
	list->count = 0;
}

int fd_list_take(struct fd_list *list, size_t index)
{
	return index < list->count ? fd_take(&list->at[index]) : -1;
}

int fd_message_send_dup_fds(int socket, const void *data, size_t size, const int *fds, size_t count)
{
	union control control = {0};
	struct iovec iov = {(void *)(uintptr_t)data, size};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	if (count > FD_LIST_MAX)
		return -EINVAL;
	if (count > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof *fds);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof *fds);
		memcpy(CMSG_DATA(header), fds, count * sizeof *fds);
	}
	ssize_t n;
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Takes all descriptors that came, also those of a second control message. Closes those that are
 * too many; false then. */
static bool take_fds(struct msghdr *message, struct fd_list *list, size_t most)
{
	bool fit = true;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
		header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
			if (list->count < most) {
				list->at[list->count++] = fd;
			} else {
				fd_close(&fd);
				fit = false;
			}
		}
	}
	return fit;
}

int fd_message_receive(int socket, void *data, size_t *size, struct fd_list *list, size_t most)
{
	union control control;
	struct iovec iov = {data, *size};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control,
	};
	list->count = 0;
	*size = 0;
	ssize_t n;
	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*size = (size_t)n;
	bool fit = take_fds(&message, list, most < FD_LIST_MAX ? most : FD_LIST_MAX);
	int r = !fit || message.msg_flags & MSG_TRUNC ? -EMSGSIZE
		: message.msg_flags & MSG_CTRUNC      ? -EMFILE
						      : n > 0;
	if (r <= 0)
		fd_list_close(list);
	return r;
}
