/* SPDX-License-Identifier: MIT */
/*
 * Programs of the machine's 32-bit sibling (i386 on x86-64, arm on aarch64) have system call
 * numbers of their own, which happen to be the same on both; x32 is x86-64 with one bit more. A
 * call of any other architecture fails. On a machine that is not listed the filter lets everything
 * pass: there the group is all that holds a job together.
 */
#include "spawn/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
/* `line` is the place of the statement itself, `there` the one to go to. */
#define IF_EQUAL(line, value, there)                                                               \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (there) - (line)-1, 0)
#define UNLESS_EQUAL(line, value, there)                                                           \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (there) - (line)-1)
#define IF_BIT(line, bit, there) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bit), (there) - (line)-1, 0)

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#define SIBLING AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#define SIBLING AUDIT_ARCH_ARM
#endif

enum { X32_BIT = 0x40000000, CLONE3 = 435 };
enum { SIBLING_SETPGID = 57, SIBLING_SETSID = 66, SIBLING_CLONE = 120 };
enum { AT_SIBLING = 9, AT_CLONE = 16, AT_NO_EFFECT = 19, AT_EPERM = 20, AT_ENOSYS = 21 };

static struct sock_filter hold_group[] = {
#ifdef NATIVE
	/*  0 */ LOAD(arch),
	/*  1 */ UNLESS_EQUAL(1, NATIVE, AT_SIBLING),
	/*  2 */ LOAD(nr),
	/*  3 */ BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(unsigned)X32_BIT),
	/*  4 */ IF_EQUAL(4, SYS_setpgid, AT_NO_EFFECT),
	/*  5 */ IF_EQUAL(5, SYS_setsid, AT_NO_EFFECT),
	/*  6 */ IF_EQUAL(6, SYS_clone, AT_CLONE),
	/*  7 */ IF_EQUAL(7, CLONE3, AT_ENOSYS),
	/*  8 */ RETURN(SECCOMP_RET_ALLOW),
	/*  9 */ UNLESS_EQUAL(9, SIBLING, AT_ENOSYS),
	/* 10 */ LOAD(nr),
	/* 11 */ IF_EQUAL(11, SIBLING_SETPGID, AT_NO_EFFECT),
	/* 12 */ IF_EQUAL(12, SIBLING_SETSID, AT_NO_EFFECT),
	/* 13 */ IF_EQUAL(13, SIBLING_CLONE, AT_CLONE),
	/* 14 */ IF_EQUAL(14, CLONE3, AT_ENOSYS),
	/* 15 */ RETURN(SECCOMP_RET_ALLOW),
	/* 16 */ LOAD(args[0]), /* the lower half: both machines are little-endian */
	/* 17 */ IF_BIT(17, CLONE_PARENT, AT_EPERM),
	/* 18 */ RETURN(SECCOMP_RET_ALLOW),
	/* 19 */ RETURN(SECCOMP_RET_ERRNO | 0),
	/* 20 */ RETURN(SECCOMP_RET_ERRNO | EPERM),
	/* 21 */ RETURN(SECCOMP_RET_ERRNO | ENOSYS),
#else
	RETURN(SECCOMP_RET_ALLOW),
#endif
};

const struct sock_fprog filter_hold_group = {sizeof hold_group / sizeof hold_group[0], hold_group};
