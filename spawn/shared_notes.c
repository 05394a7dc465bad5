/* SPDX-License-Identifier: MIT */
/* A note may be overwritten while it is read. Then the call that is named is the one of another
 * job. */
#include "spawn/shared_notes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

int shared_notes_map(int *fd, struct shared_notes **out)
{
	FD_CLEANUP int made = -1;
	int file = *fd;
	if (file < 0) {
		made = file = memfd_create("sluice-notes", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		/* A process that has it cannot make it shorter than the map: that would be SIGBUS.
		 */
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

void shared_notes_put(struct shared_notes *notes, pid_t pid, uint32_t architecture, int number)
{
	size_t i = (size_t)pid % SHARED_NOTES_COUNT;
	atomic_store(&notes->notes[i].number, number);
	atomic_store(&notes->notes[i].architecture, architecture);
	atomic_store(&notes->notes[i].pid, pid);
}

bool shared_notes_take(struct shared_notes *notes, pid_t pid, uint32_t *architecture, int *number)
{
	size_t i = (size_t)pid % SHARED_NOTES_COUNT;
	int expected = pid;
	if (pid <= 0 || !atomic_compare_exchange_strong(&notes->notes[i].pid, &expected, 0))
		return false;
	*number = atomic_load(&notes->notes[i].number);
	*architecture = atomic_load(&notes->notes[i].architecture);
	return true;
}
