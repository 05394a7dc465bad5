/* SPDX-License-Identifier: MIT */
/*
 * Two things cannot be said with libseccomp. Calls that are newer than the list of those that may pass must not pass, whether
 * the library knows their names or not: a number that is too high. And an argument can be compared with one value by a rule
 * that refuses, where three are right. What is not decided here falls through to the rest.
 *
 * A jump says how many instructions it skips, in 8 bits: so each piece is made to be short.
 */
#include "spawn/filter_prologue.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>

#include "spawn/filter_calls.h"

/* The same on all machines since 424, but on some they all have an offset. */
enum { NUMBERS_OFFSET = SYS_pidfd_open - 434 };

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
enum { LOW_HALF = 4 };
#else
enum { LOW_HALF = 0 };
#endif

struct program {
	struct sock_filter *code;
	size_t length;
};

static void put(
	struct program *program, uint16_t what, uint32_t value, size_t if_true, size_t if_false)
{
	assert(program->length < FILTER_PROLOGUE_MAX && if_true < 256 && if_false < 256);
	program->code[program->length++] =
		(struct sock_filter){what, (unsigned char)if_true, (unsigned char)if_false, value};
}

static void load(struct program *program, size_t offset)
{
	put(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void load_argument(struct program *program, unsigned index)
{
	load(program, offsetof(struct seccomp_data, args) + index * sizeof(uint64_t) + LOW_HALF);
}

static void load_number(struct program *program)
{
	load(program, offsetof(struct seccomp_data, nr));
}

static void refuse(struct program *program, uint32_t error)
{
	put(program, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error, 0, 0);
}

static void jump_equal(struct program *program, uint32_t value, size_t if_true, size_t if_false)
{
	put(program, BPF_JMP | BPF_JEQ | BPF_K, value, if_true, if_false);
}

static void put_newer(struct program *program)
{
	const uint32_t offset = NUMBERS_OFFSET;
	put(program, BPF_JMP | BPF_JGE | BPF_K, offset + FILTER_CALLS_END, 3, 0);
	put(program, BPF_JMP | BPF_JGT | BPF_K, offset + FILTER_CALLS_NEWEST, 1, 0);
	jump_equal(program, offset + FILTER_CALLS_CHMODAT2, 0, 1);
	refuse(program, ENOSYS);
}

/* EPERM unless the argument is one of the values (`only`), or if it is one of them. */
static void put_call(struct program *program, uint32_t architecture, const char *name,
	unsigned argument, const uint32_t *values, size_t count, bool only)
{
	int number = seccomp_syscall_resolve_name_arch(architecture, name);
	if (number < 0)
		return; /* this machine has none, or not as a call of its own */
	jump_equal(program, (uint32_t)number, 0, count + 3);
	load_argument(program, argument);
	for (size_t i = 0; i < count; i++) {
		bool last = i + 1 == count;
		size_t to_refusal = count - 1 - i, past = to_refusal + 1;
		jump_equal(program, values[i], only ? past : to_refusal,
			!last  ? 0
			: only ? 0
			       : past);
	}
	refuse(program, EPERM);
	load_number(program);
}

static void put_signals(struct program *program, uint32_t architecture)
{
	static const uint32_t own[] = {0, FILTER_SELF, FILTER_SELF_GROUP};
	for (const char *const *name = filter_calls_signal; *name; name++)
		put_call(program, architecture, *name, 0, own, 3, true);
}

static void put_owners(struct program *program, uint32_t architecture)
{
	static const uint32_t requests[] = {F_SETOWN, F_SETOWN_EX};
	put_call(program, architecture, "fcntl", 1, requests, 2, false);
	put_call(program, architecture, "fcntl64", 1, requests, 2, false);
}

size_t filter_prologue(
	const struct filter_prologue_options *options, struct sock_filter code[FILTER_PROLOGUE_MAX])
{
	struct program program = {code, 0};
	for (const uint32_t *at = options->architectures; *at; at++) {
		load(&program, offsetof(struct seccomp_data, arch));
		size_t branch = program.length;
		jump_equal(&program, *at, 0, 0);
		load_number(&program);
		put_newer(&program);
		if (options->owners)
			put_owners(&program, *at);
		if (options->signals)
			put_signals(&program, *at);
		size_t skipped = program.length - branch - 1;
		assert(skipped < 256);
		code[branch].jf = (unsigned char)skipped;
	}
	return program.length;
}
