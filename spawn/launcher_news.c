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
 * counted. A worker may write to `wake` at any moment, so whether it did is told by what is read:
 * the events would not show a write that comes behind them. */
void launcher_news_take(struct launcher *launcher, struct launcher_news *news)
{
	struct epoll_event events[EVENTS];
	int count = EVENTS;
	uint64_t times;
	*news = (struct launcher_news){.all = read(launcher->wake, &times, sizeof times) > 0};
	ssize_t n = read(launcher->timer, &times, sizeof times);
	(void)n; /* all that has a time is looked at anyway */
	for (int round = 0; round < ROUNDS_MAX && count == EVENTS; round++) {
		count = epoll_wait(launcher->epoll, events, EVENTS, 0);
		for (int i = 0; i < count; i++)
			add(news, events[i].data.u64);
	}
}

bool launcher_news_has(const struct launcher_news *news, unsigned number)
{
	for (size_t i = 0; i < news->count; i++)
		if (news->numbers[i] == number)
			return true;
	return news->all;
}
