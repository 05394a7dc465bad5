/* SPDX-License-Identifier: MIT */
/* The file that takes the output when the pipe cannot, or when several clients read it. The caller
 * may have given a file of the cache. When the disk of that file is full, the answers must still go
 * out: the pump copies what it has to a temporary file and goes on there. The first file stays
 * open, because a client may just be sending from it. */
#include "src/pump/internal.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "src/pump/spill.h"

static int open_temporary(const struct pump *pump)
{
	if (pump->landing)
		return spill_open_memory();
	struct temp *temp = &pump->conversion->starter->temp;
	int r = spill_open(temp->fd);
	return r == -ENOENT && temp_restore(temp) == 0 ? spill_open(temp->fd) : r;
}

bool pump_open_file(struct pump *pump)
{
	pump->in_given = pump->given >= 0;
	int file = pump->in_given ? fd_take(&pump->given) : open_temporary(pump);
	pump->file = file < 0 ? -1 : file;
	if (file < 0)
		pump_fail(pump, outcome_from_error(file), "temporary file: ", -file);
	return file >= 0;
}

/* Copies what the given file holds to a temporary file. Returns 0 or -errno. */
static int leave_given(struct pump *pump, int error)
{
	pump->given_error = error;
	pump->in_given = false;
	FD_CLEANUP int file = open_temporary(pump);
	struct stat st;
	if (file < 0)
		return file;
	if (fstat(pump->file, &st) < 0)
		return -errno;
	int r = spill_copy(pump->file, file, (uint64_t)st.st_size);
	if (r < 0)
		return r;
	pump->left_file = pump->file;
	pump->file = fd_take(&file);
	return 0;
}

void pump_spill(struct pump *pump)
{
	uint64_t limit = pump->conversion->plan->recipe->max_output_bytes;
	int pipe = pump->conversion->out;
	int r = spill_pipe(pipe, pump->file, pump_bytes_in(pipe));
	if (r == -ENODATA) {
		pump_taken_back(pump);
		return;
	}
	if (r < 0 && pump->in_given) {
		r = leave_given(pump, -r);
		if (r == 0)
			r = spill_pipe(pipe, pump->file, pump_bytes_in(pipe));
	}
	if (r < 0) {
		pump_fail(pump, OUTCOME_LIMIT, "temporary file: ", -r);
		return;
	}
	struct stat st;
	pump->bytes = fstat(pump->file, &st) < 0 ? 0 : (uint64_t)st.st_size;
	progress_set_bytes(pump->progress, pump->bytes);
	if (limit && pump->bytes > limit)
		pump_end(pump, OUTCOME_LIMIT, SIGKILL, "limit: max_output");
}

/* The program has made the file itself, in its own directory, which is removed. When the copy
 * fails, the clients still get that file. */
static void copy_to_given(struct pump *pump)
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
			copy_to_given(pump);
	} else if (pump_open_file(pump)) {
		pump_spill(pump);
	}
	return pump->ended;
}
