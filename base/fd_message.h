/* SPDX-License-Identifier: MIT */
#ifndef BASE_FD_MESSAGE_H
#define BASE_FD_MESSAGE_H

/*
 * Messages over a Unix socket that carry descriptors beside their data (SCM_RIGHTS, unix(7)), and
 * the list that owns descriptors that came this way. Also used inside foreign programs: depends on
 * base/fd alone. Any thread.
 */

#include <stddef.h>

enum { FD_LIST_MAX = 20 };

/* The list owns its descriptors. A zeroed list is empty. */
struct fd_list {
	size_t count;
	int at[FD_LIST_MAX];
};

/* Closes all descriptors; the list is empty then. */
void fd_list_close(struct fd_list *list);

/* Takes one descriptor out of the list: it is the caller's from then on, and -1 stands in its
 * place. -1: there is none. */
int fd_list_take(struct fd_list *list, size_t index);

/* Sends one message with duplicates of the descriptors, FD_LIST_MAX at most; the caller keeps its
 * own. Never raises SIGPIPE. Returns 0 or -errno. */
int fd_message_send_dup_fds(
	int socket, const void *data, size_t size, const int *fds, size_t count);

/* Receives one message into data, which has room for *size bytes, and at most `most` descriptors
 * into *list, whose former content is ignored. They are close-on-exec. Sets *size to the bytes that
 * are in data. Returns 1, 0 at end of file, or -errno:
 *   -EMSGSIZE  the message had more bytes or more descriptors; data is filled
 *   -EMFILE    this process may not have that many descriptors; data is filled
 *   -EAGAIN    nothing came within the socket's time
 * Unless it returns 1, all descriptors are closed and the list is empty. */
int fd_message_receive(int socket, void *data, size_t *size, struct fd_list *list, size_t most);

#endif
