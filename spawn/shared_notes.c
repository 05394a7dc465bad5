/* SPDX-License-Identifier: MIT */
/* The spawner is no stranger, but what it wrote may just be overwritten by its next note: so the
 * name is copied with its bounds, and at worst is the one of somebody else. */
#include "spawn/shared_notes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

int shared_notes_map(int *fd, struct shared_notes **out)
{
	FD_CLEANUP int made = -1;
	int file = *fd;
	if (file < 0) {
		made = file = memfd_create("sluice-notes", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		/* Nobody can cut it under the map. */
		if (file < 0 || ftruncate(file, sizeof(struct shared_notes)) < 0 ||
			fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
			return -errno;
	}
	struct shared_notes *notes =
		mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (notes == MAP_FAILED)
		return -errno;
	if (made >= 0)
		*fd = fd_take(&made);
	*out = notes;
	return 0;
}

void shared_notes_unmap(struct shared_notes *notes)
{
	if (notes)
		munmap(notes, sizeof *notes);
}

void shared_notes_put(struct shared_notes *notes, pid_t pid, const char *call)
{
	size_t i = (size_t)pid % SHARED_NOTES_COUNT;
	snprintf(notes->notes[i].call, sizeof notes->notes[i].call, "%s", call);
	atomic_store_explicit(&notes->notes[i].pid, pid, memory_order_release);
}

bool shared_notes_take(struct shared_notes *notes, pid_t pid, char call[FILTER_NAME_MAX])
{
	size_t i = (size_t)pid % SHARED_NOTES_COUNT;
	int expected = pid;
	if (pid <= 0 || !atomic_compare_exchange_strong(&notes->notes[i].pid, &expected, 0))
		return false;
	memcpy(call, notes->notes[i].call, FILTER_NAME_MAX);
	call[FILTER_NAME_MAX - 1] = '\0';
	return true;
}
