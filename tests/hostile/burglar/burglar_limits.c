/* SPDX-License-Identifier: MIT */
/* More than the recipe allows, and then some time for the daemon to notice. */
#include "burglar.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, PIECE = MIB, FILE_SIZE = 4 * MIB };

static size_t amount(void)
{
	return (size_t)strtoul(burglar_value("amount_mib"), NULL, 10) * MIB;
}

static void linger(void)
{
	struct timespec time = {4, 0};
	nanosleep(&time, NULL);
}

static int fill_mapping(int flags, int fd)
{
	char *memory = mmap(NULL, amount(), PROT_READ | PROT_WRITE, flags, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	memset(memory, 1, amount());
	linger();
	return burglar_result(munmap(memory, amount()));
}

static int private_memory(const char *unused)
{
	(void)unused;
	return fill_mapping(MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static int shared_memory(const char *unused)
{
	(void)unused;
	return fill_mapping(MAP_SHARED | MAP_ANONYMOUS, -1);
}

static int fill_file(int fd, size_t size)
{
	static char piece[PIECE];
	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < size; done += PIECE)
		if (write(fd, piece, PIECE) != PIECE)
			return errno ? -errno : -EIO;
	return 0;
}

/* Each within what a single file may have. They stay open. */
static int fill_files(int (*make)(size_t number))
{
	int r = 0;
	for (size_t done = 0; done < amount() && r == 0; done += FILE_SIZE) {
		int fd = make(done / FILE_SIZE);
		r = burglar_result(fd < 0 ? -1 : fallocate(fd, 0, 0, FILE_SIZE));
	}
	linger();
	return r;
}

static int make_in_memory(size_t number)
{
	(void)number;
	return memfd_create("much", 0);
}

static int make_named(size_t number)
{
	char name[32];
	snprintf(name, sizeof name, "much%zu", number);
	return open(name, O_WRONLY | O_CREAT, 0600);
}

static int make_unnamed(size_t number)
{
	int fd = make_named(number);
	char name[32];
	snprintf(name, sizeof name, "much%zu", number);
	unlink(name);
	return fd;
}

static int memory_files(const char *unused)
{
	(void)unused;
	return fill_files(make_in_memory);
}

static int several_files(const char *unused)
{
	(void)unused;
	return fill_files(make_named);
}

static int unnamed_files(const char *unused)
{
	(void)unused;
	return fill_files(make_unnamed);
}

/* In no process, but on the way from one end of a pair of sockets to the other. */
static int send_away(int socket, int fd)
{
	char byte = 0;
	struct iovec part = {&byte, 1};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.header = {CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS}};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	int r = burglar_result(sendmsg(socket, &message, MSG_DONTWAIT));
	close(fd);
	return r;
}

static int files_on_the_way(int (*make)(size_t number))
{
	int ends[2], r = burglar_result(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	for (size_t done = 0; done < amount() && r == 0; done += FILE_SIZE) {
		int fd = make(done / FILE_SIZE);
		r = burglar_result(fd < 0 ? -1 : fallocate(fd, 0, 0, FILE_SIZE));
		if (r == 0)
			r = send_away(ends[0], fd);
	}
	linger();
	return r;
}

static int memory_on_the_way(const char *unused)
{
	(void)unused;
	return files_on_the_way(make_in_memory);
}

static int temp_on_the_way(const char *unused)
{
	(void)unused;
	return files_on_the_way(make_unnamed);
}

static int large_file(const char *unused)
{
	(void)unused;
	signal(SIGXFSZ, SIG_IGN);
	return fill_file(make_named(0), amount());
}

/* The grandchild has left session, group and descriptors, and stays when it can. */
static int leave_behind(const char *unused)
{
	(void)unused;
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		return -errno;
	if (pid > 0)
		return 0;
	syscall(SYS_setsid);
	for (int number = 1; number < 32; number++)
		signal(number, SIG_IGN);
	if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) != 0)
		_exit(0);
	close(0);
	close(1);
	close(2);
	close(3);
	for (int i = 0; i < 60; i++)
		sleep(1);
	_exit(0);
}

/* With all that it has started, until it is killed. */
static int stay(const char *unused)
{
	leave_behind(unused);
	for (int number = 1; number < 32; number++)
		signal(number, SIG_IGN);
	for (int i = 0; i < 60; i++)
		sleep(1);
	return 0;
}

/* For another job to be attacked; tells what has arrived by leaving it there. */
static int wait_as_victim(const char *unused)
{
	sigset_t all;
	(void)unused;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	int fd = open("prey", O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		return -errno;
	puts("ready");
	fflush(stdout);
	for (int i = 0; i < 600; i++)
		sleep(1);
	return 0;
}

const struct burglar_entry burglar_limits[] = {
	{"memory-private", private_memory, 0},
	{"memory-shared", shared_memory, 0},
	{"memory-files", memory_files, 0},
	{"memory-in-flight", memory_on_the_way, 0},
	{"temp-in-flight", temp_on_the_way, 0},
	{"temp-files", several_files, 0},
	{"temp-unnamed", unnamed_files, 0},
	{"temp-large", large_file, 0},
	{"leave-process", leave_behind, 0},
	{"stay", stay, 0},
	{"victim", wait_as_victim, 0},
	{NULL, NULL, 0},
};
