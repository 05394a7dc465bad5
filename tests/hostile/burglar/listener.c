/* SPDX-License-Identifier: MIT */
/*
 * listener PROGRAM [ARGUMENT]...: starts the program as a container manager does that has a seccomp
 * listener of its own, of which the kernel allows one in a line of processes. It is told of every
 * sysinfo(2) and lets it pass. The program keeps the number of the process that was started, and
 * gets no child.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd_message.h"
#include "spawn/call_notice.h"
#include "tests/lib/foreign_listener.h"

static int take(int socket)
{
	char byte;
	size_t size = sizeof byte;
	struct fd_list list;
	int r = fd_message_receive(socket, &byte, &size, &list, 1);
	return r == 1 ? fd_list_take(&list, 0) : -1;
}

/* Until there is nobody left whom it could be told of. */
static void serve(int listener)
{
	struct pollfd entry = {listener, POLLIN, 0};
	while (poll(&entry, 1, -1) > 0 && !(entry.revents & (POLLHUP | POLLERR))) {
		union call_notice event = {0};
		union call_verdict answer = {0};
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &event) < 0)
			continue;
		answer.resp.id = event.notif.id;
		answer.resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

/* A test looks for processes that carry its directory's name. */
static void forget_names(char **argv)
{
	for (; *argv; argv++)
		memset(*argv, 0, strlen(*argv));
	for (char **variable = environ; *variable; variable++)
		memset(*variable, 0, strlen(*variable));
}

int main(int argc, char **argv)
{
	int ends[2];
	if (argc < 2 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return 2;
	pid_t pid = fork();
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		forget_names(argv);
		close(ends[0]);
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		if (chdir("/") == 0)
			serve(take(ends[1]));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	int listener = foreign_listener_install(SYS_sysinfo);
	if (listener < 0 || fd_message_send_dup_fds(ends[0], "", 1, &listener, 1) < 0) {
		perror("listener");
		return 2;
	}
	close(listener);
	execv(argv[1], argv + 1);
	perror(argv[1]);
	return 2;
}
