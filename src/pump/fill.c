/* SPDX-License-Identifier: MIT */
/* A live result for several clients, or for the cache: the output goes to a file while it grows.
 * Each client reads the file at its own speed. Only the fastest client slows the program down: the
 * pump pauses when the program is far ahead of that client. */
#include "src/pump/internal.h"

#include <signal.h>
#include <sys/epoll.h>

/* During a pause the pump leaves the pipe alone, and the program blocks in its write. */
static void pause_or_go_on(struct pump *pump)
{
	bool paused = pump->ended == OUTCOME_OK && !pump->grown(pump->data);
	if (paused == pump->paused)
		return;
	pump_watch_output(pump, paused ? 0 : EPOLLIN);
	pump->paused = paused;
}

/* Returns false when there is no output, and there never will be. */
static bool fill(struct pump *pump)
{
	if (pump_bytes_in(pump->conversion->out) == 0) {
		if (!pump->out_closed)
			pump_taken_back(pump);
		return false;
	}
	pump_spill(pump);
	if (pump->fill_max_bytes && pump->bytes > pump->fill_max_bytes)
		pump_end(pump, OUTCOME_LIMIT, SIGKILL,
			"limit: more than can be kept for all clients");
	return true;
}

enum outcome pump_fill(struct pump *pump, int *status)
{
	struct conversion *conversion = pump->conversion;
	enum outcome outcome = pump_watch(pump, EPOLLIN);
	if (outcome != OUTCOME_OK)
		return outcome;
	pump_open_file(pump);
	bool open = true;
	while (conversion->running > 0 || open) {
		bool ready = pump_step(pump);
		if (open && (pump->ended != OUTCOME_OK || (ready && !fill(pump)))) {
			pump_unwatch(pump, conversion->out);
			open = false;
		}
		if (open && (ready || pump->paused))
			pause_or_go_on(pump);
	}
	conversion_end(conversion);
	return pump_classify(pump, status);
}
