/* SPDX-License-Identifier: MIT */
/*
 * libseccomp is the reference for our own writer of BPF programs (spawn/filter_program.c and those
 * that use it): both get the same rules, and an interpreter compares what the two programs answer
 * to every number of each architecture, with the values of arguments that a rule looks at and those
 * around them. Where the two shall differ stands in one table, `intended`.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "filter_run.h"
#include "spawn/filter_answers.h"
#include "spawn/filter_calls.h"
#include "spawn/filter_rules.h"

#ifdef __x86_64__

enum {
	SPECIAL = 1,
	NUMBERS = 700,
	X32 = 0x40000000,
	IOPRIO_WHO_USER = 3,
	NEWER = FILTER_CALLS_NEWEST + 1
};

static const uint64_t keys[2] = {0x123456789abcdef0, 0xfedcba9876543210};

/* What is different on purpose, and whose answer is right then. */
static const struct {
	uint32_t first, last;
	bool jobs_only;
	uint32_t architecture; /* 0: any */
	uint32_t ours;
	const char *why;
} intended[] = {
	{NEWER, FILTER_CALLS_END - 1, true, 0, SECCOMP_RET_ERRNO | ENOSYS,
		"a call that nobody has looked at does not exist"},
	{FILTER_CALLS_CHMODAT2, FILTER_CALLS_CHMODAT2, true, 0, SECCOMP_RET_ERRNO,
		"fchmodat2, which libseccomp may not know yet"},
	{UINT32_MAX, UINT32_MAX, false, AUDIT_ARCH_X86_64, SECCOMP_RET_ERRNO | ENOSYS,
		"libseccomp lets a tracer skip a call; a job has none"},
};

/* --- the reference --- */

struct program {
	struct sock_filter code[8192];
	size_t length;
};

struct answers {
	uint32_t architecture;
	enum filter_answer otherwise;
	const char *names[NUMBERS]; /* NULL: `otherwise` */
	enum filter_answer list[NUMBERS];
};

struct reference {
	struct answers answers;
	struct program plain;			 /* all calls that have one answer */
	struct program *special[FILTER_ANSWERS]; /* for the native call SPECIAL */
};

static uint32_t action_of(enum filter_answer answer)
{
	switch (answer) {
	case FILTER_ALLOW:
		return SCMP_ACT_ALLOW;
	case FILTER_NO_EFFECT:
		return SCMP_ACT_ERRNO(0);
	case FILTER_EPERM:
		return SCMP_ACT_ERRNO(EPERM);
	case FILTER_EACCES:
		return SCMP_ACT_ERRNO(EACCES);
	case FILTER_ENOSYS:
		return SCMP_ACT_ERRNO(ENOSYS);
	case FILTER_ENOTSUP:
		return SCMP_ACT_ERRNO(ENOTSUP);
	case FILTER_KILL:
		return SCMP_ACT_KILL_PROCESS;
	case FILTER_NOTIFY:
		return SCMP_ACT_NOTIFY;
	default:
		return 0; /* it depends on arguments */
	}
}

/* On i386 libseccomp knows these as parts of socketcall and ipc. */
static int number_of(uint32_t architecture, const char *name)
{
	static const struct {
		const char *name;
		int number;
	} own[] = {{"socket", 359}, {"socketpair", 360}, {"bind", 361}, {"connect", 362},
		{"semget", 393}, {"shmget", 395}, {"msgget", 399}};
	for (size_t i = 0; i < sizeof own / sizeof *own && architecture == SCMP_ARCH_X86; i++)
		if (strcmp(own[i].name, name) == 0)
			return own[i].number;
	return seccomp_syscall_resolve_name_arch(architecture, name);
}

static void add(struct answers *answers, const char *name, enum filter_answer answer)
{
	int number = number_of(answers->architecture, name);
	if (number < 0 || answers->names[number])
		return;
	assert_true(number < NUMBERS);
	answers->names[number] = name;
	answers->list[number] = answer;
}

static void add_all(struct answers *answers, const char *const *names, enum filter_answer answer)
{
	for (; *names; names++)
		add(answers, *names, answer);
}

static void add_job(struct answers *out, const struct filter_rules *rules, bool strict)
{
	const struct filter_call_other *other = filter_calls_other;
	for (; rules->plain && other->name; other++)
		if (!strict || other->strict)
			add(out, other->name, other->answer);
	if (rules->plain && rules->signals) {
		add(out, "pidfd_send_signal", FILTER_ENOSYS);
		add(out, "fcntl", FILTER_OWNERS);
		add(out, "fcntl64", FILTER_OWNERS);
		if (!rules->signals_watched)
			add_all(out, filter_calls_signal, FILTER_SIGNALS);
	}
	add_all(out, filter_calls_no_effect, FILTER_NO_EFFECT);
	add_all(out, filter_calls_eacces, FILTER_EACCES);
	if (rules->truncate)
		add_all(out, filter_calls_truncate, FILTER_EACCES);
	add_all(out, filter_calls_enotsup, FILTER_ENOTSUP);
	add_all(out, filter_calls_eperm, FILTER_EPERM);
	bool passes = rules->watched && !rules->ending;
	if (!passes || strict)
		add_all(out, filter_calls_hostile, passes ? FILTER_ALLOW : FILTER_KILL);
	if (!strict) {
		add_all(out, filter_calls_enosys, FILTER_ENOSYS);
		add(out, "clone", FILTER_CLONE);
		add(out, "socketpair", FILTER_PAIR);
		add(out, "ioctl", rules->plain ? FILTER_REQUESTS_PLAIN : FILTER_REQUESTS);
		return;
	}
	add(out, "clone", FILTER_THREADS);
	add(out, "ioctl", FILTER_QUESTIONS);
	if (rules->keys)
		add(out, "execve", FILTER_EXECVE);
	add_all(out, filter_calls_strict, FILTER_ALLOW);
	out->otherwise = FILTER_ENOSYS;
}

static void add_rules(struct answers *out, const struct filter_rules *rules)
{
	switch (rules->kind) {
	case FILTER_RULES_HOLD:
		add_all(out, filter_calls_keep, FILTER_NO_EFFECT);
		add(out, "clone3", FILTER_ENOSYS);
		add(out, "clone", FILTER_CLONE_PARENT);
		break;
	case FILTER_RULES_WATCH:
		add_all(out, filter_calls_hostile, FILTER_NOTIFY);
		if (rules->signals) {
			add(out, "kill", FILTER_NOTIFY_KILL);
			add_all(out, filter_calls_signal, FILTER_NOTIFY);
		}
		break;
	case FILTER_RULES_DAEMON:
#ifdef __SANITIZE_ADDRESS__
		add(out, "ptrace", FILTER_ALLOW);
#endif
		add_all(out, filter_calls_hostile, FILTER_EPERM);
		if (rules->truncate)
			add_all(out, filter_calls_truncate, FILTER_EACCES);
		add(out, "socket", FILTER_LOCAL);
		if (out->architecture == SCMP_ARCH_X86)
			add(out, "socketcall", FILTER_EACCES);
		break;
	default:
		add_job(out, rules, rules->kind == FILTER_RULES_STRICT);
	}
}

static scmp_filter_ctx begin(uint32_t architecture, enum filter_answer otherwise, bool watch)
{
	scmp_filter_ctx context = seccomp_init(action_of(otherwise));
	assert_non_null(context);
	if (architecture != seccomp_arch_native()) {
		assert_int_equal(seccomp_arch_add(context, architecture), 0);
		assert_int_equal(seccomp_arch_remove(context, seccomp_arch_native()), 0);
	}
	uint32_t other = watch ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS);
	assert_int_equal(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, other), 0);
	return context;
}

static void finish(scmp_filter_ctx context, struct program *out)
{
	FD_CLEANUP int fd = memfd_create("reference", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(seccomp_export_bpf(context, fd), 0);
	ssize_t n = pread(fd, out->code, sizeof out->code, 0);
	assert_true(n > 0 && (size_t)n < sizeof out->code);
	out->length = (size_t)n / sizeof *out->code;
	seccomp_release(context);
}

/* Adds `action` for each of the values of the lower half of an argument. */
static void put_values(scmp_filter_ctx context, uint32_t action, unsigned argument,
	const uint32_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct scmp_arg_cmp compare = {
			argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, values[i]};
		assert_int_equal(
			seccomp_rule_add_exact_array(context, action, SPECIAL, 1, &compare), 0);
	}
}

/* Each bit of it is refused. */
static void put_bits(scmp_filter_ctx context, uint32_t bits)
{
	for (unsigned i = 0; i < 32; i++) {
		const uint32_t bit = UINT32_C(1) << i;
		const struct scmp_arg_cmp compare = {0, SCMP_CMP_MASKED_EQ, bit, bit};
		if (bits & bit)
			assert_int_equal(seccomp_rule_add_exact_array(context,
						 SCMP_ACT_ERRNO(EPERM), SPECIAL, 1, &compare),
				0);
	}
}

static void put_two(scmp_filter_ctx context, struct scmp_arg_cmp first, struct scmp_arg_cmp second)
{
	const struct scmp_arg_cmp both[] = {first, second};
	assert_int_equal(
		seccomp_rule_add_exact_array(context, SCMP_ACT_ALLOW, SPECIAL, 2, both), 0);
}

/* Own process or thread; `which` has few values that mean anything else than all of the user's. */
static void put_self(scmp_filter_ctx context, uint32_t all)
{
	for (unsigned i = 0; i < 32; i++) {
		const uint32_t bit = UINT32_C(1) << i;
		put_two(context, (struct scmp_arg_cmp){0, SCMP_CMP_MASKED_EQ, bit, ~all & bit},
			(struct scmp_arg_cmp){1, SCMP_CMP_MASKED_EQ, UINT32_MAX, 0});
	}
}

static const uint32_t namespaces = CLONE_PARENT | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
				   CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
static const uint32_t thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
static const uint32_t requests[] = {0x8901, 0x8902, TIOCSTI, 0x541c, (uint32_t)FS_IOC_SETFLAGS,
	(uint32_t)FS_IOC32_SETFLAGS, (uint32_t)FS_IOC_FSSETXATTR, 0x40806685};
static const uint32_t questions[] = {TCGETS, TIOCGWINSZ, FIONREAD, FIOCLEX, FIONCLEX, FIONBIO};
static const uint32_t owners[] = {F_SETOWN, F_SETOWN_EX};
static const uint32_t self[] = {0, FILTER_SELF, FILTER_SELF_GROUP};
static const uint32_t local[] = {AF_UNIX};

enum { COUNT_REQUESTS = sizeof requests / sizeof *requests };

/* What is answered when no rule of the call's own applies. */
static enum filter_answer other_answer(enum filter_answer answer)
{
	switch (answer) {
	case FILTER_NOTIFY_KILL:
		return FILTER_NOTIFY;
	case FILTER_CLONE_PARENT:
	case FILTER_CLONE:
	case FILTER_REQUESTS:
	case FILTER_REQUESTS_PLAIN:
	case FILTER_OWNERS:
		return FILTER_ALLOW;
	case FILTER_THREADS:
	case FILTER_QUESTIONS:
	case FILTER_EXECVE:
		return FILTER_ENOSYS;
	case FILTER_PAIR:
	case FILTER_LOCAL:
		return FILTER_EACCES;
	default:
		return FILTER_EPERM;
	}
}

static void put_pair(scmp_filter_ctx context)
{
	static const uint32_t types[] = {SOCK_STREAM, SOCK_SEQPACKET};
	for (size_t i = 0; i < 2; i++)
		put_two(context, (struct scmp_arg_cmp){0, SCMP_CMP_MASKED_EQ, UINT32_MAX, AF_UNIX},
			(struct scmp_arg_cmp){1, SCMP_CMP_MASKED_EQ, 15, types[i]});
}

static void put_special(scmp_filter_ctx context, enum filter_answer answer)
{
	const uint32_t allow = SCMP_ACT_ALLOW, refuse = SCMP_ACT_ERRNO(EPERM);
	switch (answer) {
	case FILTER_NOTIFY_KILL:
		put_values(context, allow, 0, self, 1);
		assert_int_equal(seccomp_rule_add_exact(context, allow, SPECIAL, 1,
					 SCMP_A2(SCMP_CMP_EQ, keys[0], 0)),
			0);
		break;
	case FILTER_CLONE_PARENT:
		put_bits(context, CLONE_PARENT);
		break;
	case FILTER_CLONE:
		put_bits(context, namespaces);
		break;
	case FILTER_THREADS:
		assert_int_equal(seccomp_rule_add_exact(context, allow, SPECIAL, 1,
					 SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces | thread, thread)),
			0);
		break;
	case FILTER_REQUESTS:
		put_values(context, refuse, 1, requests + 2, COUNT_REQUESTS - 2);
		break;
	case FILTER_REQUESTS_PLAIN:
		put_values(context, refuse, 1, requests, COUNT_REQUESTS);
		break;
	case FILTER_QUESTIONS:
		put_values(context, allow, 1, questions, 6);
		break;
	case FILTER_OWNERS:
		put_values(context, refuse, 1, owners, 2);
		break;
	case FILTER_PAIR:
		put_pair(context);
		break;
	case FILTER_LOCAL:
		put_values(context, allow, 0, local, 1);
		break;
	case FILTER_EXECVE:
		put_two(context, (struct scmp_arg_cmp){4, SCMP_CMP_EQ, keys[0], 0},
			(struct scmp_arg_cmp){5, SCMP_CMP_EQ, keys[1], 0});
		break;
	case FILTER_SIGNALS:
		put_values(context, allow, 0, self, 3);
		break;
	case FILTER_SELF_FIRST:
		put_values(context, allow, 0, self, 1);
		break;
	case FILTER_SELF_PRIORITY:
		put_self(context, PRIO_USER);
		break;
	default:
		put_self(context, IOPRIO_WHO_USER);
	}
}

static void make_reference(
	const struct filter_rules *rules, uint32_t architecture, struct reference *out)
{
	*out = (struct reference){.answers.architecture = architecture};
	add_rules(&out->answers, rules);
	const bool watch = rules->kind == FILTER_RULES_WATCH;
	const uint32_t otherwise = action_of(out->answers.otherwise);
	scmp_filter_ctx plain = begin(architecture, out->answers.otherwise, watch);
	for (int i = 0; i < NUMBERS; i++) {
		enum filter_answer answer = out->answers.list[i];
		const char *name = out->answers.names[i];
		if (!name || action_of(answer) == otherwise)
			continue;
		if (answer <= FILTER_NOTIFY) {
			/* It takes native numbers, and translates them. */
			int native = seccomp_syscall_resolve_name(name);
			int r = seccomp_rule_add(plain, action_of(answer), native, 0);
			assert_true(r == 0 || r == -EEXIST);
			continue;
		}
		if (out->special[answer])
			continue;
		out->special[answer] = calloc(1, sizeof(struct program));
		assert_non_null(out->special[answer]);
		scmp_filter_ctx special = begin(SCMP_ARCH_X86_64, other_answer(answer), watch);
		put_special(special, answer);
		finish(special, out->special[answer]);
	}
	finish(plain, &out->plain);
}

static void free_reference(struct reference *reference)
{
	for (size_t i = 0; i < FILTER_ANSWERS; i++)
		free(reference->special[i]);
}

/* --- the comparison --- */

/* Everything that a rule compares an argument with, what lies beside it, and the same above the
 * lower half. */
struct values {
	size_t count;
	uint64_t list[512];
};

static void add_value(struct values *values, uint64_t value)
{
	assert_true(values->count + 5 <= sizeof values->list / sizeof *values->list);
	values->list[values->count++] = value;
	values->list[values->count++] = value + 1;
	values->list[values->count++] = value - 1;
	values->list[values->count++] = value ^ UINT64_C(1) << 32;
	values->list[values->count++] = value | UINT64_C(1) << 63;
}

static void add_values(struct values *values, const uint32_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_value(values, list[i]);
}

/* The two arguments that the answer looks at, and their values. */
static void values_of(enum filter_answer answer, unsigned at[2], struct values values[2])
{
	static const uint32_t few[] = {0, 2, 5, IOPRIO_WHO_USER, UINT32_MAX};
	at[0] = answer == FILTER_EXECVE ? 4
		: answer == FILTER_REQUESTS || answer == FILTER_REQUESTS_PLAIN ||
				answer == FILTER_QUESTIONS || answer == FILTER_OWNERS
			? 1
			: 0;
	at[1] = answer == FILTER_EXECVE ? 5 : answer == FILTER_NOTIFY_KILL ? 2 : at[0] + 1;
	values[0].count = values[1].count = 0;
	add_values(&values[0], few, 5);
	add_values(&values[1], few, 5);
	add_values(&values[0], requests, COUNT_REQUESTS);
	add_values(&values[0], questions, 6);
	add_values(&values[0], owners, 2);
	add_values(&values[0], self, 3);
	add_value(&values[0], thread);
	for (unsigned i = 0; i < 32; i++) {
		add_value(&values[0], UINT64_C(1) << i);
		add_value(&values[0], thread | UINT64_C(1) << i);
	}
	add_value(&values[1], SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
	add_value(&values[1], SOCK_DGRAM | SOCK_CLOEXEC);
	for (size_t i = 0; i < 2; i++) {
		add_value(&values[0], keys[i]);
		add_value(&values[1], keys[i]);
	}
}

struct comparison {
	const struct filter_rules *rules;
	const struct filter_program *ours;
	const struct reference *reference;
	bool jobs;
	size_t count;
};

static void compare(struct comparison *comparison, const struct seccomp_data *data)
{
	const struct reference *reference = comparison->reference;
	const struct filter_program *ours = comparison->ours;
	const struct program *theirs = &reference->plain;
	struct seccomp_data asked = *data;
	enum filter_answer answer = FILTER_ALLOW;
	if ((uint32_t)data->nr < NUMBERS && reference->answers.names[data->nr])
		answer = reference->answers.list[data->nr];
	if (answer > FILTER_NOTIFY) {
		theirs = reference->special[answer];
		asked.nr = SPECIAL;
		asked.arch = AUDIT_ARCH_X86_64;
	}
	uint32_t expected = filter_run(theirs->code, theirs->length, &asked);
	uint32_t seen = filter_run(ours->code + ours->begin, FILTER_LENGTH_MAX - ours->begin, data);
	for (size_t i = 0; i < sizeof intended / sizeof *intended; i++)
		if ((uint32_t)data->nr >= intended[i].first &&
			(uint32_t)data->nr <= intended[i].last &&
			(comparison->jobs || !intended[i].jobs_only) &&
			(!intended[i].architecture || intended[i].architecture == data->arch) &&
			comparison->rules->kind != FILTER_RULES_WATCH)
			expected = intended[i].ours;
	if (seen != expected)
		fail_msg("kind %d, architecture %#x, call %#x (%#llx, %#llx): %#x, not %#x",
			comparison->rules->kind, data->arch, (unsigned)data->nr,
			(unsigned long long)data->args[0], (unsigned long long)data->args[1], seen,
			expected);
	comparison->count++;
}

static void compare_call(struct comparison *comparison, uint32_t architecture, uint32_t number)
{
	struct seccomp_data data = {.nr = (int)number, .arch = architecture};
	const struct answers *answers = &comparison->reference->answers;
	compare(comparison, &data);
	for (size_t i = 0; i < 6; i++)
		data.args[i] = UINT64_MAX - i;
	compare(comparison, &data);
	if (number >= NUMBERS || !answers->names[number] || answers->list[number] <= FILTER_NOTIFY)
		return;
	static struct values values[2];
	unsigned at[2];
	values_of(answers->list[number], at, values);
	for (size_t i = 0; i < values[0].count; i++) {
		for (size_t k = 0; k < values[1].count; k++) {
			data.args[at[0]] = values[0].list[i];
			data.args[at[1]] = values[1].list[k];
			compare(comparison, &data);
		}
	}
}

static size_t compare_rules(const struct filter_rules *rules)
{
	static const uint32_t architectures[] = {
		SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_AARCH64};
	static const uint32_t edges[] = {FILTER_CALLS_END - 1, FILTER_CALLS_END, X32 - 1, INT32_MAX,
		UINT32_C(1) << 31, UINT32_MAX - 1, UINT32_MAX};
	static struct filter_program ours;
	static struct reference reference;
	assert_int_equal(filter_rules_put(&ours, rules), 0);
	struct comparison comparison = {.rules = rules,
		.ours = &ours,
		.reference = &reference,
		.jobs = rules->kind == FILTER_RULES_STANDARD || rules->kind == FILTER_RULES_STRICT};
	for (size_t a = 0; a < 3; a++) {
		/* An architecture that no filter knows is asked of the native one's. */
		bool known = a == 0 || (a == 1 && rules->sibling);
		make_reference(rules, known ? architectures[a] : SCMP_ARCH_X86_64, &reference);
		if (!known)
			memset(reference.answers.names, 0, sizeof reference.answers.names);
		comparison.jobs = comparison.jobs && known;
		for (uint32_t number = 0; number < NUMBERS; number++) {
			compare_call(&comparison, architectures[a], number);
			compare_call(&comparison, architectures[a], X32 + number);
		}
		for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
			compare_call(&comparison, architectures[a], edges[i]);
		free_reference(&reference);
	}
	return comparison.count;
}

static size_t compare_jobs(enum filter_rules_kind kind)
{
	size_t count = 0;
	for (unsigned bits = 0; bits < 1 << 7; bits++) {
		const struct filter_rules rules = {
			.kind = kind,
			.watched = bits & 1,
			.ending = bits & 2,
			.plain = bits & 4,
			.truncate = bits & 8,
			.signals = bits & 16,
			.signals_watched = bits & 1 && bits & 32,
			.sibling = kind == FILTER_RULES_STANDARD && bits & 64,
			.keys = bits & 32 ? keys : NULL,
		};
		/* Those that are made: filter_compile.c. */
		bool alike = (bits & 64 && kind == FILTER_RULES_STRICT) ||
			     (rules.ending && !rules.watched) || (rules.truncate && !rules.signals);
		count += alike ? 0 : compare_rules(&rules);
	}
	return count;
}

static void test_standard(void **state)
{
	(void)state;
	assert_true(compare_jobs(FILTER_RULES_STANDARD) > 100000);
}

static void test_strict(void **state)
{
	(void)state;
	assert_true(compare_jobs(FILTER_RULES_STRICT) > 100000);
}

static void test_others(void **state)
{
	(void)state;
	static const enum filter_rules_kind kinds[] = {
		FILTER_RULES_HOLD, FILTER_RULES_WATCH, FILTER_RULES_DAEMON};
	for (size_t i = 0; i < 3; i++) {
		for (unsigned bits = 0; bits < 4; bits++) {
			const struct filter_rules rules = {
				.kind = kinds[i],
				.signals = bits & 1,
				.truncate = bits & 2,
				.sibling = true,
				.keys = keys,
			};
			assert_true(compare_rules(&rules) > 1000);
		}
	}
}

int main(void)
{
	seccomp_api_set(5); /* whatever this kernel has: nothing is installed here */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standard),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	puts("skipped: the table of differences is for x86-64");
	return 77;
}

#endif
