/* SPDX-License-Identifier: MIT */
/*
 * In a pid namespace all processes end with the leader. Elsewhere the leader can be dead and its
 * group alive, until the daemon kills the group and reaps the leader. If the daemon dies before
 * that, the guard kills the group. So such a job is kept until its leader has been reaped. No event
 * tells of that, so poll has a short timeout while there is such a job.
 *
 * When the daemon is killed, its leaders die at once and init reaps them, perhaps before this
 * process has run: that their group is left must not be forgotten. The kernel gives the leaders and
 * this process, which are children of the same thread, another parent in one step. So a leader that
 * has been reaped while this process has its parent still has been reaped by the daemon.
 */
#include "spawn/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "spawn/group.h"

enum { ENDED_POLL_MS = 50 };

int guard_reserve(struct guard *guard)
{
	if (guard->count >= GUARD_JOBS_MAX)
		return -EAGAIN;
	if (guard->count < guard->capacity)
		return 0;
	size_t capacity = guard->capacity ? guard->capacity * 2 : 16;
	struct job *jobs = realloc(guard->jobs, capacity * sizeof *jobs);
	if (!jobs)
		return -ENOMEM;
	guard->jobs = jobs;
	struct pollfd *entries = realloc(guard->poll, (guard->fixed + capacity) * sizeof *entries);
	if (!entries)
		return -ENOMEM;
	guard->poll = entries;
	guard->capacity = capacity;
	return 0;
}

void guard_take(struct guard *guard, struct job *job)
{
	guard->poll[guard->fixed + guard->count] = (struct pollfd){job->pidfd, POLLIN, 0};
	guard->jobs[guard->count++] = *job;
	job->pidfd = -1;
}

int guard_timeout_ms(const struct guard *guard)
{
	return guard->ended > 0 ? ENDED_POLL_MS : -1;
}

static void forget(struct guard *guard, size_t i)
{
	size_t last = --guard->count;
	fd_close(&guard->jobs[i].pidfd);
	guard->jobs[i] = guard->jobs[last];
	guard->poll[guard->fixed + i] = guard->poll[guard->fixed + last];
}

void guard_init(struct guard *guard, size_t fixed)
{
	guard->fixed = fixed;
	guard->daemon = getppid();
}

bool guard_is_orphaned(const struct guard *guard)
{
	return getppid() != guard->daemon;
}

/* In this order: first the leader, then the parent. */
static bool is_over(const struct guard *guard, const struct job *job)
{
	return job->namespaced || (!group_leader_exists(job->pidfd) && !guard_is_orphaned(guard));
}

void guard_sweep(struct guard *guard)
{
	for (size_t i = guard->count; i-- > 0;) {
		struct pollfd *entry = &guard->poll[guard->fixed + i];
		bool known_ended = entry->fd < 0;
		if (!known_ended && entry->revents == 0)
			continue;
		if (is_over(guard, &guard->jobs[i])) {
			guard->ended -= known_ended;
			forget(guard, i);
		} else if (!known_ended) {
			entry->fd = -1;
			guard->ended++;
		}
	}
}

const struct job *guard_find(const struct guard *guard, pid_t group)
{
	for (size_t i = 0; i < guard->count; i++)
		if (guard->jobs[i].pid == group)
			return &guard->jobs[i];
	return NULL;
}

void guard_kill_all(const struct guard *guard)
{
	for (size_t i = 0; i < guard->count; i++) {
		const struct job *job = &guard->jobs[i];
		if (!job->namespaced)
			group_signal_watched(job->pidfd, job->pid, SIGKILL, guard->kill_key);
		group_signal_leader_watched(job->pidfd, SIGKILL, guard->kill_key);
	}
}
