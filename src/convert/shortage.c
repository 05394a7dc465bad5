/* SPDX-License-Identifier: MIT */
/* A program tells the cause only in its words, and many have no words for it. So the file system is
 * looked at, too. Its free room is what is left after the job has ended, with the job's own files
 * still there. */
#include "src/convert/shortage.h"

#include <stdbool.h>
#include <sys/statvfs.h>

enum { LOADER_EXIT = 127, FULL_BYTES = 64 * 1024 };

static bool is_full(int directory_fd)
{
	struct statvfs st;
	if (fstatvfs(directory_fd, &st) < 0)
		return false;
	/* Some file systems count no files: 0 of 0 are free. */
	return (uint64_t)st.f_bavail * st.f_frsize < FULL_BYTES ||
	       (st.f_files > 0 && st.f_favail == 0);
}

enum outcome shortage_find(
	const struct conversion *conversion, const struct job_result *result, struct text *reason)
{
	unsigned complaints = conversion->stderr_tail.complaints;
	if ((complaints & COMPLAINT_LOADER) && result->exited &&
		result->exit_status == LOADER_EXIT) {
		text_puts(reason, ", the program cannot be loaded: a library is missing, or"
				  " `memory` is too small for it");
		return OUTCOME_NOT_INSTALLED;
	}
	if ((complaints & COMPLAINT_ROOM) || is_full(conversion->starter->temp.fd)) {
		text_puts(reason, ", no room left in the temporary directory");
		return OUTCOME_NO_ROOM;
	}
	if (complaints & COMPLAINT_FORK) {
		text_puts(reason,
			", it cannot start a process or thread: `processes` of the recipe,"
			" of the user, or of the cgroup are used up");
		return OUTCOME_OVERLOADED;
	}
	return OUTCOME_OK;
}
