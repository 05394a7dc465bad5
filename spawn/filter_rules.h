/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_FILTER_RULES_H
#define SPAWN_FILTER_RULES_H

/* The rules of each filter, for filter_compile.c. All return 0 or what libseccomp says. */

#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

struct filter_rules {
	bool watched;	      /* calls that only an attacker makes pass: they are seen elsewhere */
	bool plain;	      /* no pid namespace */
	bool truncate;	      /* refuse truncate(2): Landlock does not know of it */
	bool signals;	      /* Landlock does not look at signals */
	const uint64_t *keys; /* of the first execve, for `strict`; NULL: none passes */
};

/* A call that this machine does not have is no error. */
int filter_rules_add(scmp_filter_ctx filter, uint32_t action, const char *const *names);

int filter_rules_hold(scmp_filter_ctx filter);
int filter_rules_standard(scmp_filter_ctx filter, const struct filter_rules *rules);
int filter_rules_strict(scmp_filter_ctx filter, const struct filter_rules *rules);
/* `key`: of the only kill that goes on without being looked at; NULL: signals are not watched. */
int filter_rules_watch(scmp_filter_ctx filter, const uint64_t *key);
int filter_rules_daemon(scmp_filter_ctx filter, bool refuse_truncate);

#endif
