/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_FILTER_RUN_H
#define TESTS_UNIT_FILTER_RUN_H

/* An interpreter of what the kernel allows of classic BPF, as far as filters have it. */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "unit.h"

static uint32_t filter_run(
	const struct sock_filter *code, size_t length, const struct seccomp_data *data)
{
	uint32_t a = 0;
	for (size_t at = 0; at < length; at++) {
		const struct sock_filter *op = &code[at];
		switch (op->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(op->k + 4 <= sizeof *data && op->k % 4 == 0);
			memcpy(&a, (const char *)data + op->k, 4);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= op->k;
			break;
		case BPF_JMP | BPF_JA:
			at += op->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			at += a > op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			at += a & op->k ? op->jt : op->jf;
			break;
		case BPF_RET | BPF_K:
			return op->k;
		default:
			fail_msg("instruction %#x", op->code);
		}
	}
	fail_msg("the program has no end");
	return 0;
}

#endif
