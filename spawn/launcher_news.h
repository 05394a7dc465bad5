/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_LAUNCHER_NEWS_H
#define SPAWN_LAUNCHER_NEWS_H

/* What has woken the thread that tends: each job does, by its holder, and there may be many
 * holders. That thread alone calls these. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spawn/launcher_internal.h"

enum { LAUNCHER_NEWS_MAX = 32 };

/* The numbers of the holders that have something to say; `all`: it may be any. */
struct launcher_news {
	bool all;
	size_t count;
	uint64_t numbers[LAUNCHER_NEWS_MAX];
};

/* Takes what there is; never waits. */
void launcher_news_take(struct launcher *launcher, struct launcher_news *news);
bool launcher_news_has(const struct launcher_news *news, unsigned number);

#endif
