/* SPDX-License-Identifier: MIT */
#include "spawn/launcher_news.h"

#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 16, ROUNDS_MAX = 64 };

/* A holder's number is not 0, which stands for the launcher's own descriptors. */
static void add(struct launcher_news *news, uint64_t number)
{
	news->all |= number == 0 || news->count == LAUNCHER_NEWS_MAX;
	if (!news->all)
		news->numbers[news->count++] = number;
}

/* Edge-triggered events go away by being taken. The end of a process does not, so the rounds are
 * counted. */
void launcher_news_take(struct launcher *launcher, struct launcher_news *news)
{
	struct epoll_event events[EVENTS];
	int count = EVENTS;
	*news = (struct launcher_news){0};
	for (int round = 0; round < ROUNDS_MAX && count == EVENTS; round++) {
		count = epoll_wait(launcher->epoll, events, EVENTS, 0);
		for (int i = 0; i < count; i++)
			add(news, events[i].data.u64);
	}
	uint64_t ignored;
	ssize_t n = read(launcher->wake, &ignored, sizeof ignored);
	n = read(launcher->timer, &ignored, sizeof ignored);
	(void)n;
}

bool launcher_news_has(const struct launcher_news *news, unsigned number)
{
	for (size_t i = 0; i < news->count; i++)
		if (news->numbers[i] == number)
			return true;
	return news->all;
}
