/* SPDX-License-Identifier: MIT */
/* The output becomes a file that others read, because several clients want it or because it is
 * kept. Nothing waits for a client here but for the fastest of them, which paces the program: each
 * reads the file at its own speed. When the disk of the file is full the answers must still go out:
 * then it goes on in a temporary file, and the first one stays open for those who are just sending
 * from it. */
#include "src/pump/internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "src/pump/spill.h"

static int file_size(int file, uint64_t *size)
{
	struct stat st;
	if (fstat(file, &st) < 0)
		return -errno;
	*size = (uint64_t)st.st_size;
	return 0;
}

int pump_leave_given(struct pump *pump, int error)
{
	uint64_t size = 0;
	pump->given_error = error;
	pump->in_given = false;
	int file = pump->landing ? spill_open_memory()
				 : spill_open(pump->conversion->starter->temp_fd);
	int r = file < 0 ? file : file_size(pump->file, &size);
	if (r == 0)
		r = spill_copy(pump->file, file, size);
	if (r < 0) {
		fd_close(&file);
		return r;
	}
	pump->left_file = pump->file;
	pump->file = file;
	return 0;
}

/* A file that the program made itself is in its own directory, which is removed. Where it cannot be
 * copied it is served all the same. */
static void copy_output(struct pump *pump)
{
	if (pump->given < 0)
		return;
	int r = spill_copy(pump->file, pump->given, pump->bytes);
	if (r < 0) {
		pump->given_error = -r;
		fd_close(&pump->given);
		return;
	}
	pump->left_file = pump->file;
	pump->file = fd_take(&pump->given);
	pump->in_given = true;
}

enum outcome pump_land(struct pump *pump)
{
	pump->landing = true;
	if (pump->file >= 0) {
		if (!pump->in_given)
			copy_output(pump);
	} else if (pump_open_file(pump)) {
		pump_spill(pump);
	}
	return pump->ended;
}

/* The pipe is left alone: the program waits in its write. */
static void pause_or_go_on(struct pump *pump)
{
	bool paused = pump->ended == OUTCOME_OK && !pump->grown(pump->data);
	if (paused == pump->paused)
		return;
	struct epoll_event event = {.events = paused ? 0 : EPOLLIN, .data.u32 = TAG_OUT};
	epoll_ctl(pump->epoll, EPOLL_CTL_MOD, pump->conversion->out, &event);
	pump->paused = paused;
}

/* False: there is nothing, and there never will be. */
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
	int r = pump_watch_all(pump, EPOLLIN);
	if (r < 0) {
		text_printf(pump->reason, "epoll: %s", strerror(-r));
		return outcome_from_error(r);
	}
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
