/* SPDX-License-Identifier: MIT */
/*
 * How the fake lives and ends: the ways in which real converters misbehave, one function each.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/fakes/fake.h"

extern char **environ;

void process_pause(uint64_t milliseconds)
{
	struct timespec left = {
		(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

_Noreturn void process_hang(void)
{
	for (;;)
		pause();
}

_Noreturn void process_die(int signal)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	struct rlimit none = {0, 0};
	sigset_t set;

	setrlimit(RLIMIT_CORE, &none);
	sigaction(signal, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signal);
	/* The init of a pid namespace is deaf to its own signals: a fault is not ignored. */
	*(volatile int *)0 = 0;
	_exit(FAKE_BROKEN);
}

_Noreturn void process_spin(void)
{
	for (volatile uint64_t i = 0;; i++)
		;
}

/* So much processor time of its own, however long that takes. */
void process_burn(uint64_t milliseconds)
{
	struct timespec used;

	do {
		for (volatile int i = 0; i < 20000; i++)
			;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	} while ((uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000 < milliseconds);
}

/* A child that keeps everything open, ignores TERM and never ends; with leaves_session as a daemon
 * does it: two forks and a session of its own. */
void process_child(bool leaves_session)
{
	pid_t pid = fork();

	if (pid < 0)
		_exit(FAKE_BROKEN);
	if (pid > 0)
		return;
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (leaves_session) {
		setsid();
		pid = fork();
		if (pid)
			_exit(0);
	}
	process_hang();
}

/* Touches what it takes, 1 MiB at a time, and reports like a converter when there is no more. */
void process_memory(uint64_t mebibytes)
{
	for (uint64_t i = 0; i < mebibytes; i++) {
		char *p = mmap(
			NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED) {
			fputs("fake: cannot allocate memory\n", stderr);
			exit(1);
		}
		memset(p, 1, 1 << 20);
	}
}

void process_print_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!dir)
		_exit(FAKE_BROKEN);
	while ((entry = readdir(dir))) {
		char name[300];
		char link[512];
		ssize_t n;

		if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(dir))
			continue;
		snprintf(name, sizeof(name), "/proc/self/fd/%s", entry->d_name);
		n = readlink(name, link, sizeof(link) - 1);
		printf("%s %.*s\n", entry->d_name, n < 0 ? 0 : (int)n, link);
	}
	fflush(stdout);
	closedir(dir);
}

static void print_limit(const char *name, int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		_exit(FAKE_BROKEN);
	if (limit.rlim_cur == RLIM_INFINITY)
		printf("%s none\n", name);
	else
		printf("%s %llu\n", name, (unsigned long long)limit.rlim_cur);
}

void process_print_limits(void)
{
	sigset_t blocked;
	struct sigaction pipe;

	print_limit("data", RLIMIT_DATA);
	print_limit("cpu", RLIMIT_CPU);
	print_limit("fsize", RLIMIT_FSIZE);
	print_limit("nofile", RLIMIT_NOFILE);
	print_limit("core", RLIMIT_CORE);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (int i = 1; i < 32; i++)
		if (sigismember(&blocked, i) == 1)
			printf("blocked %d\n", i);
	sigaction(SIGPIPE, NULL, &pipe);
	printf("sigpipe %s\n", pipe.sa_handler == SIG_DFL ? "default" : "other");
	printf("leader %s\n", getpgrp() == getpid() ? "yes" : "no");
	fflush(stdout);
}

void process_print_env(void)
{
	char cwd[4096];

	for (char **e = environ; *e; e++)
		puts(*e);
	if (getcwd(cwd, sizeof(cwd)))
		printf("cwd %s\n", cwd);
	fflush(stdout);
}
