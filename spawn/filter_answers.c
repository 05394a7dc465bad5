/* SPDX-License-Identifier: MIT */
/*
 * Arguments that are an int or unsigned for the kernel are compared by their lower half: what
 * stands above is nothing that it looks at.
 */
#include "spawn/filter_answers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#ifdef __s390__
enum { CLONE_FLAGS = 1 };
#else
enum { CLONE_FLAGS = 0 };
#endif

enum { COUNT_OWNERS = 2, IOPRIO_WHO_USER = 3, SOCKET_TYPE_MASK = 15 };

static const uint32_t clone_refused = CLONE_PARENT | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
				      CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
static const uint32_t clone_thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;

/* Signals to the owner of a descriptor; characters into the terminal, which the next reader takes
 * for typed; what a file system keeps about a file beside its mode, also for one that is only open
 * for reading. */
static const uint32_t requests_refused[] = {0x8901 /* FIOSETOWN */, 0x8902 /* SIOCSPGRP */,
	0x5412 /* TIOCSTI */, 0x541c /* TIOCLINUX */, (uint32_t)FS_IOC_SETFLAGS,
	(uint32_t)FS_IOC32_SETFLAGS, (uint32_t)FS_IOC_FSSETXATTR,
	0x40806685 /* FS_IOC_ENABLE_VERITY */};
enum { REQUESTS_REFUSED = sizeof requests_refused / sizeof *requests_refused };

/* Is it a terminal, how large, how much is in the pipe; and what fcntl can do as well. */
static const uint32_t questions[] = {TCGETS, TIOCGWINSZ, FIONREAD, FIOCLEX, FIONCLEX, FIONBIO};

/* Both halves of an argument. Returns the place of the first one's load. */
static size_t put_equal(
	struct filter_program *program, unsigned argument, uint64_t value, size_t yes, size_t no)
{
	yes = filter_put_branch(program, BPF_JEQ, (uint32_t)(value >> 32), yes, no);
	yes = filter_put_load(program, argument, true);
	filter_put_branch(program, BPF_JEQ, (uint32_t)value, yes, no);
	return filter_put_load(program, argument, false);
}

static size_t put_clone(struct filter_program *program, uint32_t refused, size_t yes, size_t no)
{
	filter_put_branch(program, BPF_JSET, refused, no, yes);
	return filter_put_load(program, CLONE_FLAGS, false);
}

static size_t put_threads(struct filter_program *program, size_t yes, size_t no)
{
	filter_put_branch(program, BPF_JEQ, clone_thread, yes, no);
	filter_put(program, BPF_ALU | BPF_AND | BPF_K, clone_thread | clone_refused);
	return filter_put_load(program, CLONE_FLAGS, false);
}

/* A pair of datagram sockets can send to any name; the other ones are connected for good. */
static size_t put_pair(struct filter_program *program, size_t yes, size_t no)
{
	static const uint32_t types[] = {SOCK_STREAM, SOCK_SEQPACKET};
	filter_put_any(program, types, 2, yes, no);
	filter_put(program, BPF_ALU | BPF_AND | BPF_K, SOCKET_TYPE_MASK);
	size_t type = filter_put_load(program, 1, false);
	filter_put_branch(program, BPF_JEQ, AF_UNIX, type, no);
	return filter_put_load(program, 0, false);
}

static size_t put_any(struct filter_program *program, unsigned argument, const uint32_t *values,
	size_t count, size_t yes, size_t no)
{
	filter_put_any(program, values, count, yes, no);
	return filter_put_load(program, argument, false);
}

static size_t put_self(struct filter_program *program, uint32_t all, size_t yes, size_t no)
{
	filter_put_branch(program, BPF_JEQ, 0, yes, no);
	size_t who = filter_put_load(program, 1, false);
	filter_put_branch(program, BPF_JEQ, all, no, who);
	return filter_put_load(program, 0, false);
}

static size_t put_watched_kill(struct filter_program *program, uint64_t key, size_t yes, size_t no)
{
	size_t other = put_equal(program, 2, key, yes, no);
	filter_put_branch(program, BPF_JEQ, 0, yes, other);
	return filter_put_load(program, 0, false);
}

static uint32_t action_of(enum filter_answer answer)
{
	static const uint32_t actions[] = {
		[FILTER_ALLOW] = SECCOMP_RET_ALLOW,
		[FILTER_NO_EFFECT] = SECCOMP_RET_ERRNO,
		[FILTER_EPERM] = SECCOMP_RET_ERRNO | EPERM,
		[FILTER_EACCES] = SECCOMP_RET_ERRNO | EACCES,
		[FILTER_ENOSYS] = SECCOMP_RET_ERRNO | ENOSYS,
		[FILTER_ENOTSUP] = SECCOMP_RET_ERRNO | ENOTSUP,
		[FILTER_KILL] = SECCOMP_RET_KILL_PROCESS,
		[FILTER_NOTIFY] = SECCOMP_RET_USER_NOTIF,
	};
	return actions[answer];
}

static size_t put(struct filter_program *program, enum filter_answer answer, const uint64_t *keys,
	size_t places[FILTER_ANSWERS])
{
	static const uint32_t signals[] = {0, FILTER_SELF, FILTER_SELF_GROUP}, zero[] = {0};
	static const uint32_t owners[] = {F_SETOWN, F_SETOWN_EX}, local[] = {AF_UNIX};
	if (answer <= FILTER_NOTIFY)
		return filter_put_return(program, action_of(answer));
	size_t yes = filter_answer_put(program, FILTER_ALLOW, keys, places);
	enum filter_answer other = FILTER_EPERM;
	if (answer == FILTER_NOTIFY_KILL)
		other = FILTER_NOTIFY;
	else if (answer == FILTER_THREADS || answer == FILTER_QUESTIONS || answer == FILTER_EXECVE)
		other = FILTER_ENOSYS;
	else if (answer == FILTER_PAIR || answer == FILTER_LOCAL)
		other = FILTER_EACCES;
	size_t no = filter_answer_put(program, other, keys, places);
	switch (answer) {
	case FILTER_NOTIFY_KILL:
		return put_watched_kill(program, keys[0], yes, no);
	case FILTER_CLONE_PARENT:
		return put_clone(program, CLONE_PARENT, yes, no);
	case FILTER_CLONE:
		return put_clone(program, clone_refused, yes, no);
	case FILTER_THREADS:
		return put_threads(program, yes, no);
	case FILTER_REQUESTS:
		return put_any(program, 1, requests_refused + COUNT_OWNERS,
			REQUESTS_REFUSED - COUNT_OWNERS, no, yes);
	case FILTER_REQUESTS_PLAIN:
		return put_any(program, 1, requests_refused, REQUESTS_REFUSED, no, yes);
	case FILTER_QUESTIONS:
		return put_any(
			program, 1, questions, sizeof questions / sizeof *questions, yes, no);
	case FILTER_OWNERS:
		return put_any(program, 1, owners, 2, no, yes);
	case FILTER_PAIR:
		return put_pair(program, yes, no);
	case FILTER_LOCAL:
		return put_any(program, 0, local, 1, yes, no);
	case FILTER_EXECVE:
		return put_equal(program, 4, keys[0], put_equal(program, 5, keys[1], yes, no), no);
	case FILTER_SIGNALS:
		return put_any(program, 0, signals, 3, yes, no);
	case FILTER_SELF_FIRST:
		return put_any(program, 0, zero, 1, yes, no);
	case FILTER_SELF_PRIORITY:
		return put_self(program, PRIO_USER, yes, no);
	default:
		return put_self(program, IOPRIO_WHO_USER, yes, no);
	}
}

size_t filter_answer_put(struct filter_program *program, enum filter_answer answer,
	const uint64_t *keys, size_t places[FILTER_ANSWERS])
{
	if (places[answer] == 0)
		places[answer] = put(program, answer, keys, places);
	return places[answer];
}
