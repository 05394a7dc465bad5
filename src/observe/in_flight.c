/* SPDX-License-Identifier: MIT */
/* A program may end during a look, and the kernel may give its number to another process. So /proc
 * is believed only for a child of this daemon. It could be another child; then one look shows a
 * wrong number once. in_flight->lock guards the list and the count; it is never held while /proc is
 * read. */
#include "src/observe/in_flight.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc_stat.h"

struct in_flight {
	pthread_mutex_t lock;
	size_t count;
	TAILQ_HEAD(, in_flight_entry) entries;
};

int in_flight_new(struct in_flight **out)
{
	struct in_flight *in_flight = calloc(1, sizeof *in_flight);
	if (!in_flight)
		return -ENOMEM;
	pthread_mutex_init(&in_flight->lock, NULL);
	TAILQ_INIT(&in_flight->entries);
	*out = in_flight;
	return 0;
}

void in_flight_free(struct in_flight *in_flight)
{
	if (!in_flight)
		return;
	pthread_mutex_destroy(&in_flight->lock);
	free(in_flight);
}

void in_flight_enter(struct in_flight *in_flight, struct in_flight_entry *entry)
{
	pthread_mutex_lock(&in_flight->lock);
	TAILQ_INSERT_TAIL(&in_flight->entries, entry, entry);
	in_flight->count++;
	pthread_mutex_unlock(&in_flight->lock);
}

void in_flight_leave(struct in_flight *in_flight, struct in_flight_entry *entry)
{
	pthread_mutex_lock(&in_flight->lock);
	TAILQ_REMOVE(&in_flight->entries, entry, entry);
	in_flight->count--;
	pthread_mutex_unlock(&in_flight->lock);
}

const char *in_flight_phase_name(enum progress_phase phase)
{
	static const char *const names[] = {
		"planning", "queued", "starting", "converting", "sending"};
	return names[phase];
}

static void look_at_program(int pid, struct in_flight_view *view)
{
	struct proc_stat stat;
	if (!proc_stat_of(pid, &stat) || stat.parent != getpid())
		return;
	view->programs++;
	view->cpu_us += stat.cpu_us;
	view->rss_bytes += stat.pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct pids {
	int pid[PROGRESS_PIDS_MAX];
	uint64_t cpu_us, memory_bytes;
};

/* Where /proc hides the jobs (hidepid=, ProtectProc= of systemd) the last look of the meter has to
 * do. The meter is in no Landlock domain, so it sees them. */
static void look_at_programs(const struct pids *pids, struct in_flight_view *view)
{
	unsigned running = 0;
	for (size_t i = 0; i < PROGRESS_PIDS_MAX; i++) {
		if (pids->pid[i] <= 0)
			continue;
		running++;
		look_at_program(pids->pid[i], view);
	}
	/* Without a look of the meter they may as well have ended. */
	if (running == 0 || view->programs > 0 || pids->cpu_us + pids->memory_bytes == 0)
		return;
	view->programs = running;
	view->cpu_us = pids->cpu_us;
	view->rss_bytes = pids->memory_bytes;
}

static void copy(const struct in_flight_entry *entry, uint64_t now_us, struct in_flight_view *view,
	struct pids *pids)
{
	const struct progress *progress = entry->progress;
	*view = (struct in_flight_view){
		.age_us = now_us > entry->since_us ? now_us - entry->since_us : 0,
		.phase = (enum progress_phase)atomic_load(&progress->phase),
		.gone = atomic_load(&progress->gone),
		.bytes = atomic_load(&progress->bytes),
	};
	snprintf(view->id, sizeof view->id, "%s", entry->id);
	snprintf(view->recipe, sizeof view->recipe, "%s", entry->recipe);
	snprintf(view->source, sizeof view->source, "%s", entry->source);
	for (size_t i = 0; i < PROGRESS_PIDS_MAX; i++)
		pids->pid[i] = atomic_load(&progress->pids[i]);
	pids->cpu_us = atomic_load(&progress->cpu_us);
	pids->memory_bytes = atomic_load(&progress->memory_bytes);
}

size_t in_flight_look(struct in_flight *in_flight, struct in_flight_view *out, size_t max)
{
	struct pids *pids = calloc(max ? max : 1, sizeof *pids);
	if (!pids)
		return 0;
	size_t n = 0;
	pthread_mutex_lock(&in_flight->lock);
	uint64_t now_us = clock_now_us();
	size_t count = in_flight->count;
	const struct in_flight_entry *entry;
	TAILQ_FOREACH (entry, &in_flight->entries, entry)
		if (n < max) {
			copy(entry, now_us, &out[n], &pids[n]);
			n++;
		}
	pthread_mutex_unlock(&in_flight->lock);
	for (size_t i = 0; i < n; i++)
		look_at_programs(&pids[i], &out[i]);
	free(pids);
	return count;
}
