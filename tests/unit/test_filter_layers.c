/* SPDX-License-Identifier: MIT */
/*
 * The filter of a job that is forked from a holder is in two layers: both together must answer as
 * the whole does, which test_filter.c compares with libseccomp's. All answers are taken from the
 * programs, with numbers of each architecture and arguments that a rule looks at.
 */
#include "unit.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "filter_run.h"
#include "spawn/filter_rules.h"

enum { LAYERS = 3, NUMBERS = 700, X32 = 0x40000000, SHORT = 40 };

static const uint32_t thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;

/* Those of all kinds that are made for holders: filter_compile.c. The bits are from 0 to COMBINED.
 */
enum { COMBINED = 1 << 7 };

static struct filter_rules combine(unsigned bits)
{
	return (struct filter_rules){
		.kind = bits & 1 ? FILTER_RULES_STRICT : FILTER_RULES_STANDARD,
		.watched = bits & 2,
		.ending = bits & 2 && bits & 4,
		.plain = bits & 8,
		.signals = bits & 16,
		.truncate = bits & 16 && bits & 32,
		.sibling = !(bits & 1) && bits & 64,
	};
}

static uint32_t ask(const struct filter_program *program, const struct seccomp_data *data)
{
	return filter_run(program->code + program->begin, FILTER_LENGTH_MAX - program->begin, data);
}

/* seccomp(2): of two filters the stricter one's action, and of equal ones the newest's answer. */
static uint32_t combined(uint32_t newest, uint32_t before)
{
	int32_t a = (int32_t)(newest & SECCOMP_RET_ACTION_FULL),
		b = (int32_t)(before & SECCOMP_RET_ACTION_FULL);
	return b < a ? before : newest;
}

static struct filter_program layers[LAYERS];

static void make(struct filter_rules rules)
{
	for (int layer = 0; layer < LAYERS; layer++) {
		rules.layer = (enum filter_layer)layer;
		assert_int_equal(filter_rules_put(&layers[layer], &rules), 0);
	}
}

static void compare(unsigned bits, const struct seccomp_data *data)
{
	uint32_t whole = ask(&layers[FILTER_WHOLE], data);
	uint32_t held = ask(&layers[FILTER_HELD], data), rest = ask(&layers[FILTER_REST], data);
	if (combined(rest, held) != whole)
		fail_msg("rules %#x, architecture %#x, call %#x (%#llx, %#llx): %#x and %#x, not "
			 "%#x",
			bits, data->arch, (unsigned)data->nr, (unsigned long long)data->args[0],
			(unsigned long long)data->args[1], held, rest, whole);
}

static void compare_number(unsigned bits, uint32_t architecture, uint32_t number)
{
	const struct seccomp_data data = {.nr = (int)number, .arch = architecture};
	compare(bits, &data);
}

static void compare_arguments(unsigned bits, uint32_t architecture, uint32_t number)
{
	static const uint64_t values[] = {0, 1, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, PRIO_USER,
		CLONE_PARENT, thread, thread | CLONE_NEWUSER, TCGETS, TIOCSTI,
		SECCOMP_IOCTL_NOTIF_RECV, UINT64_C(1) << 32 | TCGETS, UINT64_MAX};
	struct seccomp_data data = {.nr = (int)number, .arch = architecture};
	for (size_t i = 0; i < UNIT_COUNT(values); i++) {
		for (size_t k = 0; k < UNIT_COUNT(values); k++) {
			data.args[0] = values[i];
			data.args[1] = values[k];
			compare(bits, &data);
		}
	}
}

static void test_answers(void **state)
{
	(void)state;
	static const uint32_t architectures[] = {
		AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM};
	static const uint32_t edges[] = {2047, 2048, X32 - 1, INT32_MAX, UINT32_MAX};
	size_t made = 0;
	for (unsigned bits = 0; bits < COMBINED; bits++) {
		const struct filter_rules rules = combine(bits);
		if (!filter_rules_has_layers(&rules))
			continue;
		made++;
		make(rules);
		for (size_t a = 0; a < UNIT_COUNT(architectures); a++) {
			const bool native = architectures[a] == seccomp_arch_native();
			for (uint32_t number = 0; number < NUMBERS; number++) {
				if (native)
					compare_arguments(bits, architectures[a], number);
				compare_number(bits, architectures[a], number);
				compare_number(bits, architectures[a], X32 + number);
			}
			for (size_t i = 0; i < UNIT_COUNT(edges); i++)
				compare_number(bits, architectures[a], edges[i]);
		}
	}
	assert_true(made > COMBINED / 2);
}

/* What the layer must not stop: a holder's steps and those of a standby until its own filter. */
static void test_holder(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint64_t arguments[2];
	} steps[] = {
		{"clone", {CLONE_PARENT | CLONE_PIDFD | CLONE_NEWPID | CLONE_CHILD_SETTID, 0}},
		{"clone", {CLONE_PARENT | CLONE_PIDFD, 0}},
		{"socketpair", {AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC}},
		{"pipe2", {0, 0}},
		{"sendmsg", {16, 0}},
		{"recvmsg", {16, 0}},
		{"ppoll", {0, 0}},
		{"read", {16, 0}},
		{"write", {16, 0}},
		{"close", {16, 0}},
		{"getppid", {0, 0}},
		{"getpgid", {5, 0}},
		{"ioctl", {18, SECCOMP_IOCTL_NOTIF_RECV}},
		{"ioctl", {18, SECCOMP_IOCTL_NOTIF_ID_VALID}},
		{"ioctl", {18, SECCOMP_IOCTL_NOTIF_SEND}},
		{"pidfd_send_signal", {20, 9}},
		{"kill", {(uint64_t)-1234, 9}},
		{"mmap", {0, 4096}},
		{"mremap", {0, 4096}},
		{"brk", {0, 0}},
		{"capset", {1, 1}},
		{"prctl", {35 /* PR_SET_MM */, 14}},
		{"openat", {(uint64_t)-100, 0}},
		{"newfstatat", {(uint64_t)-100, 0}},
		{"readlinkat", {(uint64_t)-100, 0}},
		{"fcntl", {3, 1030 /* F_DUPFD_CLOEXEC */}},
		{"lseek", {20, 0}},
		{"setpriority", {PRIO_PROCESS, 0}},
		{"prlimit64", {0, RLIMIT_DATA}},
		{"dup3", {20, 1}},
		{"close_range", {16, UINT32_MAX}},
		{"chdir", {1, 0}},
		{"landlock_restrict_self", {24, 0}},
		{"seccomp", {SECCOMP_SET_MODE_FILTER, 0}},
		{"rt_sigprocmask", {2, 0}},
		{"exit_group", {0, 0}},
	};
	for (unsigned bits = 0; bits < COMBINED; bits++) {
		const struct filter_rules rules = combine(bits);
		if (!filter_rules_has_layers(&rules))
			continue;
		make(rules);
		for (size_t i = 0; i < UNIT_COUNT(steps); i++) {
			const struct seccomp_data data = {
				.nr = seccomp_syscall_resolve_name(steps[i].name),
				.arch = seccomp_arch_native(),
				.args = {steps[i].arguments[0], steps[i].arguments[1]},
			};
			if (data.nr >= 0 && ask(&layers[FILTER_HELD], &data) != SECCOMP_RET_ALLOW)
				fail_msg("rules %#x: %s", bits, steps[i].name);
		}
	}
}

/* Each job pays for the length of its own layer. */
static void test_length(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < COMBINED; bits++) {
		const struct filter_rules rules = combine(bits);
		make(rules);
		assert_true(FILTER_LENGTH_MAX - layers[FILTER_REST].begin <= SHORT);
	}
}

/* A filter with the number of the job's process cannot be a holder's. */
static void test_without_layers(void **state)
{
	(void)state;
	struct filter_rules rules = {.plain = true, .signals = true};
	assert_false(filter_rules_has_layers(&rules));
	rules.plain = false;
	assert_true(filter_rules_has_layers(&rules));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_holder),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_without_layers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
