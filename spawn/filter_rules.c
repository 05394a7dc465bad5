/* SPDX-License-Identifier: MIT */
/*
 * STANDARD lets pass what is not refused; there the first rule for a call is the one that counts,
 * and a rule may look at arguments. STRICT refuses what has no rule, so what is refused in another
 * way than by ENOSYS comes first, and a call whose arguments matter gets no rule without them.
 */
#include "spawn/filter_rules.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "spawn/filter_calls.h"

#ifdef __s390__
enum { CLONE_FLAGS = 1 };
#else
enum { CLONE_FLAGS = 0 };
#endif

#define LOW_HALF UINT64_C(0xffffffff)

static const unsigned long clone_flags_refused[] = {CLONE_PARENT, CLONE_NEWNS, CLONE_NEWCGROUP,
	CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET};
enum { CLONE_FLAGS_REFUSED = sizeof clone_flags_refused / sizeof *clone_flags_refused };

/* No rule is needed, or there is one already, or the machine does not have the call. */
static int settle(int r)
{
	return r == -EDOM || r == -EEXIST || r == -EACCES ? 0 : r;
}

static int add_one(scmp_filter_ctx filter, uint32_t action, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);
	return number == __NR_SCMP_ERROR ? 0 : settle(seccomp_rule_add(filter, action, number, 0));
}

int filter_rules_add(scmp_filter_ctx filter, uint32_t action, const char *const *names)
{
	int r = 0;
	for (; *names && r == 0; names++)
		r = add_one(filter, action, *names);
	return r;
}

static int refuse_clone_flags(scmp_filter_ctx filter, size_t count)
{
	int r = 0;
	for (size_t i = 0; i < count && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			SCMP_CMP(CLONE_FLAGS, SCMP_CMP_MASKED_EQ, clone_flags_refused[i],
				clone_flags_refused[i]));
	return r;
}

int filter_rules_hold(scmp_filter_ctx filter)
{
	static const char *const clone3[] = {"clone3", NULL};
	int r = filter_rules_add(filter, SCMP_ACT_ERRNO(0), filter_calls_keep);
	if (r == 0)
		r = filter_rules_add(filter, SCMP_ACT_ERRNO(ENOSYS), clone3);
	return r == 0 ? refuse_clone_flags(filter, 1) : r;
}

/* What both levels answer without asking the kernel. */
static int refuse_all(scmp_filter_ctx filter, const struct filter_rules *rules)
{
	int r = filter_rules_add(filter, SCMP_ACT_ERRNO(0), filter_calls_no_effect);
	if (r == 0)
		r = filter_rules_add(filter, SCMP_ACT_ERRNO(EACCES), filter_calls_eacces);
	if (r == 0 && rules->truncate)
		r = filter_rules_add(filter, SCMP_ACT_ERRNO(EACCES), filter_calls_truncate);
	if (r == 0)
		r = filter_rules_add(filter, SCMP_ACT_ERRNO(ENOTSUP), filter_calls_enotsup);
	if (r == 0)
		r = filter_rules_add(filter, SCMP_ACT_ERRNO(EPERM), filter_calls_eperm);
	if (r == 0 && !rules->watched)
		r = filter_rules_add(filter, SCMP_ACT_KILL_PROCESS, filter_calls_hostile);
	return r;
}

/* Characters into the terminal, which the next reader takes for typed; what a file system keeps about a file beside its mode,
 * also for one that is only open for reading; and signals to the owner of a descriptor. */
static int refuse_requests(scmp_filter_ctx filter, bool owners)
{
	static const scmp_datum_t requests[] = {0x5412 /* TIOCSTI */, 0x541c /* TIOCLINUX */,
		FS_IOC_SETFLAGS & LOW_HALF, 0x40046602 /* the same for 32 bits */,
		FS_IOC_FSSETXATTR & LOW_HALF, 0x40806685 /* FS_IOC_ENABLE_VERITY */,
		0x8901 /* FIOSETOWN */, 0x8902 /* SIOCSPGRP */};
	size_t count = sizeof requests / sizeof *requests - (owners ? 0 : 2);
	int r = 0;
	for (size_t i = 0; i < count && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, LOW_HALF, requests[i]));
	return r;
}

/* A pair of datagram sockets can send to any name; the other ones are connected for good. Those are the types 1 and 5: bits that
 * they have, or have not. */
static int refuse_pairs(scmp_filter_ctx filter)
{
	static const struct {
		scmp_datum_t mask, value;
	} refused[] = {{1, 0}, {2, 2}, {8, 8}};
	const uint32_t action = SCMP_ACT_ERRNO(EACCES);
	_Static_assert(SOCK_STREAM == 1 && SOCK_SEQPACKET == 5, "these are the two that stay");
	int r = seccomp_rule_add(
		filter, action, SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	for (size_t i = 0; i < sizeof refused / sizeof *refused && r == 0; i++)
		r = seccomp_rule_add(filter, action, SCMP_SYS(socketpair), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, refused[i].mask, refused[i].value));
	return r;
}

static int refuse_others(scmp_filter_ctx filter)
{
	int r = 0;
	for (const struct filter_call_other *call = filter_calls_other; call->name && r == 0;
		call++) {
		int number = seccomp_syscall_resolve_name(call->name);
		if (number == __NR_SCMP_ERROR)
			continue;
		r = settle(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 1,
			SCMP_CMP(call->who, SCMP_CMP_NE, 0)));
		if (r == 0 && call->all)
			r = settle(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 1,
				SCMP_A0(SCMP_CMP_EQ, call->all)));
	}
	return r;
}

int filter_rules_standard(scmp_filter_ctx filter, const struct filter_rules *rules)
{
	static const char *const pidfd[] = {"pidfd_send_signal", NULL};
	int r = refuse_all(filter, rules);
	if (r == 0)
		r = filter_rules_add(filter, SCMP_ACT_ERRNO(ENOSYS), filter_calls_enosys);
	if (r == 0)
		r = refuse_clone_flags(filter, CLONE_FLAGS_REFUSED);
	if (r == 0)
		r = refuse_pairs(filter);
	if (r == 0 && rules->plain)
		r = refuse_others(filter);
	if (r == 0 && rules->plain && rules->signals)
		r = filter_rules_add(filter, SCMP_ACT_ERRNO(ENOSYS), pidfd);
	return r == 0 ? refuse_requests(filter, rules->plain && rules->signals) : r;
}

static int allow_threads(scmp_filter_ctx filter)
{
	const unsigned long thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
	unsigned long mask = thread;
	for (size_t i = 0; i < CLONE_FLAGS_REFUSED; i++)
		mask |= clone_flags_refused[i];
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		SCMP_CMP(CLONE_FLAGS, SCMP_CMP_MASKED_EQ, mask, thread));
}

/* Is it a terminal, how large, how much is in the pipe; and what fcntl can do as well. */
static int allow_questions(scmp_filter_ctx filter)
{
	static const scmp_datum_t requests[] = {
		TCGETS, TIOCGWINSZ, FIONREAD, FIOCLEX, FIONCLEX, FIONBIO};
	int r = 0;
	for (size_t i = 0; i < sizeof requests / sizeof *requests && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, LOW_HALF, requests[i]));
	return r;
}

static const struct filter_call_other *find_other(const char *name)
{
	const struct filter_call_other *call = filter_calls_other;
	while (call->name && strcmp(call->name, name) != 0)
		call++;
	return call->name ? call : NULL;
}

static int allow_own(scmp_filter_ctx filter, const struct filter_call_other *call)
{
	int number = seccomp_syscall_resolve_name(call->name);
	if (number == __NR_SCMP_ERROR)
		return 0;
	const struct scmp_arg_cmp self = SCMP_CMP(call->who, SCMP_CMP_MASKED_EQ, LOW_HALF, 0);
	return settle(call->all ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 2,
					  SCMP_A0(SCMP_CMP_LT, call->all), self)
				: seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, self));
}

static int allow_needed(scmp_filter_ctx filter, bool plain)
{
	int r = 0;
	for (const char *const *name = filter_calls_strict; *name && r == 0; name++) {
		const struct filter_call_other *call = plain ? find_other(*name) : NULL;
		r = call ? allow_own(filter, call) : add_one(filter, SCMP_ACT_ALLOW, *name);
	}
	return r;
}

int filter_rules_strict(scmp_filter_ctx filter, const struct filter_rules *rules)
{
	int r = refuse_all(filter, rules);
	if (r == 0 && rules->watched)
		r = filter_rules_add(filter, SCMP_ACT_ALLOW, filter_calls_hostile);
	if (r == 0)
		r = allow_needed(filter, rules->plain);
	if (r == 0)
		r = allow_threads(filter);
	if (r == 0)
		r = allow_questions(filter);
	if (r == 0 && rules->keys)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(execve), 2,
			SCMP_A4(SCMP_CMP_EQ, rules->keys[0], 0), SCMP_A5(SCMP_CMP_EQ, rules->keys[1], 0));
	return r;
}

static int watch_signals(scmp_filter_ctx filter, uint64_t key)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(kill), 2,
		SCMP_A0(SCMP_CMP_NE, 0), SCMP_A2(SCMP_CMP_NE, key));
	for (const char *const *name = filter_calls_signal; *name && r == 0; name++)
		if (strcmp(*name, "kill") != 0)
			r = add_one(filter, SCMP_ACT_NOTIFY, *name);
	return r;
}

int filter_rules_watch(scmp_filter_ctx filter, const uint64_t *key)
{
	/* it only watches: `off` jobs have it, too */
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	if (r == 0)
		r = filter_rules_add(filter, SCMP_ACT_NOTIFY, filter_calls_hostile);
	return r == 0 && key ? watch_signals(filter, *key) : r;
}

int filter_rules_daemon(scmp_filter_ctx filter, bool refuse_truncate)
{
	/* LeakSanitizer looks at its own process that way. */
#ifdef __SANITIZE_ADDRESS__
	const char *const *names = filter_calls_hostile + 1;
#else
	const char *const *names = filter_calls_hostile;
#endif
	int r = filter_rules_add(filter, SCMP_ACT_ERRNO(EPERM), names);
	if (r == 0 && refuse_truncate)
		r = filter_rules_add(filter, SCMP_ACT_ERRNO(EACCES), filter_calls_truncate);
	/* Landlock knows of TCP alone, and only since version 4: so no socket but a local one. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	return r;
}
