/* SPDX-License-Identifier: MIT */
/*
 * What the fake leaves in its directory: trees deeper than any path, and ones that never stay as
 * they are.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/fake.h"

enum { CHAIN = 12 };

static void make_directory(const char *path)
{
	if (mkdir(path, 0700) < 0)
		_exit(FAKE_BROKEN);
}

/* One level below the other; the job is in the lowest one afterwards. */
void tree_deep(uint64_t levels)
{
	for (uint64_t i = 0; i < levels; i++) {
		make_directory("d");
		if (chdir("d") < 0)
			_exit(FAKE_BROKEN);
	}
}

/* Chains of 12 levels beside each other; then each goes into the next one. No look at one moment
 * sees it grow. */
void tree_chains(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		char path[256];
		int length = snprintf(path, sizeof path, "%llu", (unsigned long long)i);

		make_directory(path);
		for (int level = 1; level < CHAIN; level++) {
			length += snprintf(path + length, sizeof path - (size_t)length, "/c");
			make_directory(path);
		}
	}
	for (uint64_t i = 1; i < count; i++) {
		char from[32], to[256];
		int length = snprintf(to, sizeof to, "%llu", (unsigned long long)i);

		for (int level = 1; level < CHAIN; level++)
			length += snprintf(to + length, sizeof to - (size_t)length, "/c");
		snprintf(to + length, sizeof to - (size_t)length, "/c");
		snprintf(from, sizeof from, "%llu", (unsigned long long)(i - 1));
		if (rename(from, to) < 0)
			_exit(FAKE_BROKEN);
	}
}

/* Directories with a file each, for ever: whoever looks meets others every time. */
_Noreturn void tree_churn(void)
{
	for (uint64_t i = 0;; i++) {
		char path[64], other[64];

		snprintf(path, sizeof path, "%llu", (unsigned long long)(i % 512));
		snprintf(other, sizeof other, "%llu/f", (unsigned long long)(i % 512));
		mkdir(path, 0700);
		close(open(other, O_WRONLY | O_CREAT, 0600));
		snprintf(path, sizeof path, "%llu", (unsigned long long)((i + 256) % 512));
		snprintf(other, sizeof other, "%llu/f", (unsigned long long)((i + 256) % 512));
		unlink(other);
		rmdir(path);
	}
}
