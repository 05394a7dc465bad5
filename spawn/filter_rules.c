/* SPDX-License-Identifier: MIT */
/*
 * For each architecture a list of numbers with their answers, of which the first for a number
 * counts, becomes a list of ranges. Names are resolved by libseccomp; what it does not know because
 * it came later is above the numbers that have been looked at, and does not exist for a job.
 *
 * Half of a filter's cost is the 32-bit sibling of the machine, so STANDARD knows it only where
 * such programs can be installed at all. Calls of an architecture that a filter does not know fail
 * with ENOSYS, as do those of x32.
 */
#include "spawn/filter_rules.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/filter_answers.h"
#include "spawn/filter_calls.h"

#if defined(__x86_64__)
#define SIBLING SCMP_ARCH_X86
#define SIBLING_LINKER "/lib/ld-linux.so.2"
#elif defined(__aarch64__)
#define SIBLING SCMP_ARCH_ARM
#define SIBLING_LINKER "/lib/ld-linux-armhf.so.3"
#else
#define SIBLING 0
#define SIBLING_LINKER ""
#endif

enum {
	NUMBERS_OFFSET = SYS_pidfd_open -
			 434, /* since 424 all machines count alike, but some from elsewhere */
	X32 = 0x40000000,
	CALLS_MAX = 512,
};

struct calls {
	uint32_t architecture;
	size_t count;
	struct {
		uint32_t number;
		enum filter_answer answer;
	} list[CALLS_MAX];
	bool overflow;
};

static void add_number(struct calls *calls, uint32_t number, enum filter_answer answer)
{
	size_t at = calls->count;
	while (at > 0 && calls->list[at - 1].number > number)
		at--;
	if (at > 0 && calls->list[at - 1].number == number)
		return;
	if (calls->count == CALLS_MAX) {
		calls->overflow = true;
		return;
	}
	memmove(calls->list + at + 1, calls->list + at,
		(calls->count++ - at) * sizeof *calls->list);
	calls->list[at].number = number;
	calls->list[at].answer = answer;
}

/* i386 has these as parts of socketcall and ipc, too, and libseccomp knows them only so. */
static int resolve_i386(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {{"socket", 359}, {"socketpair", 360}, {"bind", 361}, {"connect", 362},
		{"sendmsg", 370}, {"recvmsg", 372}, {"semget", 393}, {"shmget", 395},
		{"msgget", 399}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].number;
	return -1;
}

static void add(struct calls *calls, const char *name, enum filter_answer answer)
{
	int number = seccomp_syscall_resolve_name_arch(calls->architecture, name);
	if (number < 0 && calls->architecture == SCMP_ARCH_X86)
		number = resolve_i386(name);
	if (number >= 0)
		add_number(calls, (uint32_t)number, answer);
}

static void add_all(struct calls *calls, const char *const *names, enum filter_answer answer)
{
	for (; *names; names++)
		add(calls, *names, answer);
}

/* Before all others. */
static void add_plain(struct calls *calls, const struct filter_rules *rules)
{
	for (const struct filter_call_other *call = filter_calls_other; call->name; call++)
		if (rules->kind == FILTER_RULES_STANDARD || call->strict)
			add(calls, call->name, call->answer);
	if (!rules->signals)
		return;
	add(calls, "pidfd_send_signal", FILTER_ENOSYS);
	add(calls, "fcntl", FILTER_OWNERS);
	add(calls, "fcntl64", FILTER_OWNERS);
	if (!rules->signals_watched)
		add_all(calls, filter_calls_signal, FILTER_SIGNALS);
}

static void add_refused(struct calls *calls, const struct filter_rules *rules)
{
	if (rules->plain)
		add_plain(calls, rules);
	add_number(calls, NUMBERS_OFFSET + FILTER_CALLS_CHMODAT2, FILTER_NO_EFFECT);
	add_all(calls, filter_calls_no_effect, FILTER_NO_EFFECT);
	add_all(calls, filter_calls_eacces, FILTER_EACCES);
	if (rules->truncate)
		add_all(calls, filter_calls_truncate, FILTER_EACCES);
	add_all(calls, filter_calls_enotsup, FILTER_ENOTSUP);
	add_all(calls, filter_calls_eperm, FILTER_EPERM);
	if (!rules->watched || rules->ending)
		add_all(calls, filter_calls_hostile, FILTER_KILL);
	else if (rules->kind == FILTER_RULES_STRICT)
		add_all(calls, filter_calls_hostile, FILTER_ALLOW);
}

static void add_daemon(struct calls *calls, const struct filter_rules *rules)
{
	/* LeakSanitizer looks at its own process that way. */
#ifdef __SANITIZE_ADDRESS__
	add(calls, "ptrace", FILTER_ALLOW);
#endif
	add_all(calls, filter_calls_hostile, FILTER_EPERM);
	if (rules->truncate)
		add_all(calls, filter_calls_truncate, FILTER_EACCES);
	/* Landlock knows of TCP alone, and only since version 4. */
	add(calls, "socket", FILTER_LOCAL);
	/* Another way to the same, for 32-bit code in this process. */
	if (calls->architecture != seccomp_arch_native())
		add(calls, "socketcall", FILTER_EACCES);
}

/* What the filter answers to all that is not added. */
static enum filter_answer add_rules(struct calls *calls, const struct filter_rules *rules)
{
	switch (rules->kind) {
	case FILTER_RULES_HOLD:
		add_all(calls, filter_calls_keep, FILTER_NO_EFFECT);
		add(calls, "clone3", FILTER_ENOSYS);
		add(calls, "clone", FILTER_CLONE_PARENT);
		break;
	case FILTER_RULES_WATCH:
		add_all(calls, filter_calls_hostile, FILTER_NOTIFY);
		if (rules->signals)
			add(calls, "kill", FILTER_NOTIFY_KILL);
		if (rules->signals)
			add_all(calls, filter_calls_signal, FILTER_NOTIFY);
		break;
	case FILTER_RULES_STANDARD:
		add_refused(calls, rules);
		add_all(calls, filter_calls_enosys, FILTER_ENOSYS);
		add(calls, "clone", FILTER_CLONE);
		add(calls, "socketpair", FILTER_PAIR);
		add(calls, "ioctl", rules->plain ? FILTER_REQUESTS_PLAIN : FILTER_REQUESTS);
		break;
	case FILTER_RULES_STRICT:
		add_refused(calls, rules);
		add(calls, "clone", FILTER_THREADS);
		add(calls, "ioctl", FILTER_QUESTIONS);
		if (rules->keys)
			add(calls, "execve", FILTER_EXECVE);
		add_all(calls, filter_calls_strict, FILTER_ALLOW);
		return FILTER_ENOSYS;
	case FILTER_RULES_DAEMON:
		add_daemon(calls, rules);
		break;
	}
	return FILTER_ALLOW;
}

/* What a holder's layer lets pass although the whole refuses it. */
static void add_held(struct calls *calls, enum filter_rules_kind kind)
{
	add(calls, "clone", FILTER_ALLOW);
	if (kind != FILTER_RULES_STRICT)
		return;
	add_all(calls, filter_calls_held, FILTER_ALLOW);
	add_number(calls, NUMBERS_OFFSET + FILTER_CALLS_RESTRICT_SELF, FILTER_ALLOW);
}

static enum filter_answer answer_to(
	const struct calls *calls, uint32_t number, enum filter_answer otherwise)
{
	for (size_t i = 0; i < calls->count; i++)
		if (calls->list[i].number == number)
			return calls->list[i].answer;
	return otherwise;
}

/* The rules of one layer. A holder is a native program, so the layers differ in native calls. */
static enum filter_answer add_layer(struct calls *calls, const struct filter_rules *rules)
{
	if (rules->layer == FILTER_HELD && calls->architecture == seccomp_arch_native())
		add_held(calls, rules->kind);
	enum filter_answer otherwise = add_rules(calls, rules);
	if (rules->layer != FILTER_REST)
		return otherwise;
	struct calls rest = {.architecture = calls->architecture, .overflow = calls->overflow};
	add_held(&rest, rules->kind);
	for (size_t i = 0; i < rest.count; i++)
		rest.list[i].answer = answer_to(calls, rest.list[i].number, otherwise);
	*calls = rest;
	return FILTER_ALLOW;
}

/* Whether calls that the filter does not know pass: others answer them, or none needs to. */
static bool is_partial(const struct filter_rules *rules)
{
	return rules->kind == FILTER_RULES_WATCH || rules->layer == FILTER_REST;
}

struct ranges {
	size_t count;
	struct filter_range list[2 * CALLS_MAX + 4];
};

static void add_range(struct ranges *ranges, uint32_t start, size_t place)
{
	if (ranges->count > 0 && ranges->list[ranges->count - 1].start == start)
		ranges->count--;
	if (ranges->count > 0 && ranges->list[ranges->count - 1].place == place)
		return;
	ranges->list[ranges->count++] = (struct filter_range){start, place};
}

/* Puts the answers for one architecture. Returns the place to go to. */
static size_t put_architecture(
	struct filter_program *program, const struct filter_rules *rules, struct calls *calls)
{
	size_t places[FILTER_ANSWERS] = {0};
	struct ranges ranges = {0};
	enum filter_answer otherwise = add_layer(calls, rules);
	bool job = rules->kind == FILTER_RULES_STANDARD || rules->kind == FILTER_RULES_STRICT;
	const uint32_t newer = NUMBERS_OFFSET + FILTER_CALLS_NEWEST + 1;
	const enum filter_answer unknown = job && !is_partial(rules) ? FILTER_ENOSYS : FILTER_ALLOW;

	add_range(&ranges, 0, filter_answer_put(program, otherwise, rules->keys, places));
	for (size_t i = 0; i < calls->count && calls->list[i].number < newer; i++) {
		uint32_t number = calls->list[i].number;
		add_range(&ranges, number,
			filter_answer_put(program, calls->list[i].answer, rules->keys, places));
		add_range(&ranges, number + 1, places[otherwise]);
	}
	add_range(&ranges, newer, filter_answer_put(program, unknown, NULL, places));
	/* What belongs to one machine alone, as the calls of ARM do. */
	add_range(&ranges, NUMBERS_OFFSET + FILTER_CALLS_END, places[otherwise]);
	for (size_t i = 0; i < calls->count; i++) {
		uint32_t number = calls->list[i].number;
		if (number < NUMBERS_OFFSET + FILTER_CALLS_END)
			continue;
		add_range(&ranges, number,
			filter_answer_put(program, calls->list[i].answer, rules->keys, places));
		add_range(&ranges, number + 1, places[otherwise]);
	}
	if (calls->architecture == SCMP_ARCH_X86_64 && !is_partial(rules))
		add_range(&ranges, X32, filter_answer_put(program, FILTER_ENOSYS, NULL, places));
	filter_put_search(program, ranges.list, ranges.count);
	return filter_put_load_number(program);
}

int filter_rules_put(struct filter_program *program, const struct filter_rules *rules)
{
	const bool sibling = rules->sibling && rules->layer != FILTER_REST;
	const uint32_t architectures[] = {seccomp_arch_native(), sibling ? SIBLING : 0};
	filter_program_init(program);
	struct calls *calls = calloc(1, sizeof *calls);
	if (!calls)
		return -ENOMEM;
	/* WATCH only watches: `off` jobs have it, too. */
	size_t no = filter_put_return(
		program, is_partial(rules) ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | ENOSYS);
	size_t places[2];
	bool overflow = false;
	for (size_t i = 0; i < 2 && architectures[i]; i++) {
		*calls = (struct calls){.architecture = architectures[i]};
		places[i] = put_architecture(program, rules, calls);
		overflow |= calls->overflow;
	}
	for (size_t i = 0; i < 2 && architectures[i]; i++)
		no = filter_put_branch(program, BPF_JEQ, architectures[i], places[i], no);
	filter_put_load_architecture(program);
	free(calls);
	return overflow || program->overflow ? -E2BIG : 0;
}

bool filter_rules_has_layers(const struct filter_rules *rules)
{
	return !(rules->plain && rules->signals && !rules->signals_watched);
}

bool filter_rules_has_sibling(void)
{
	return SIBLING && access(SIBLING_LINKER, F_OK) == 0;
}
