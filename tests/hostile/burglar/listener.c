/* SPDX-License-Identifier: MIT */
/*
 * listener PROGRAM [ARGUMENT]...: starts the program as a container manager does that has a seccomp
 * listener of its own, of which the kernel allows one in a line of processes. It is told of every
 * sysinfo(2) and lets it pass. The program keeps the number of the process that was started, and
 * gets no child.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A later kernel may write more than these structures have today. */
union event {
	struct seccomp_notif notif;
	char room[256];
};
union answer {
	struct seccomp_notif_resp resp;
	char room[256];
};

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static int install(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sysinfo, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static int give(int socket, int fd)
{
	char byte = 0;
	struct iovec part = {&byte, 1};
	union control control = {0};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control};
	control.header = (struct cmsghdr){CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
}

static int take(int socket)
{
	char byte;
	int fd = -1;
	struct iovec part = {&byte, 1};
	union control control = {0};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control};
	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1)
		memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
	return fd;
}

/* Until there is nobody left whom it could be told of. */
static void serve(int listener)
{
	struct pollfd entry = {listener, POLLIN, 0};
	while (poll(&entry, 1, -1) > 0 && !(entry.revents & (POLLHUP | POLLERR))) {
		union event event = {0};
		union answer answer = {0};
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
	int listener = install();
	if (listener < 0 || give(ends[0], listener) < 0) {
		perror("listener");
		return 2;
	}
	close(listener);
	execv(argv[1], argv + 1);
	perror(argv[1]);
	return 2;
}
