/* SPDX-License-Identifier: MIT */
/* The spawner is no stranger, but what it wrote may just be overwritten by its next note: so the
 * name is copied with its bounds, and at worst is the one of somebody else. */
#include "spawn/stops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

int stops_map(int *fd, struct stops **out)
{
	FD_CLEANUP int made = -1;
	int file = *fd;
	if (file < 0) {
		made = file = memfd_create("sluice-stops", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		/* Nobody can cut it under the map. */
		if (file < 0 || ftruncate(file, sizeof(struct stops)) < 0 ||
			fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
			return -errno;
	}
	struct stops *stops =
		mmap(NULL, sizeof *stops, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (stops == MAP_FAILED)
		return -errno;
	if (made >= 0)
		*fd = fd_take(&made);
	*out = stops;
	return 0;
}

void stops_unmap(struct stops *stops)
{
	if (stops)
		munmap(stops, sizeof *stops);
}

void stops_put(struct stops *stops, pid_t pid, const char *call)
{
	size_t i = (size_t)pid % STOPS_COUNT;
	snprintf(stops->notes[i].call, sizeof stops->notes[i].call, "%s", call);
	atomic_store_explicit(&stops->notes[i].pid, pid, memory_order_release);
}

bool stops_take(struct stops *stops, pid_t pid, char call[FILTER_NAME_MAX])
{
	size_t i = (size_t)pid % STOPS_COUNT;
	int expected = pid;
	if (pid <= 0 || !atomic_compare_exchange_strong(&stops->notes[i].pid, &expected, 0))
		return false;
	memcpy(call, stops->notes[i].call, FILTER_NAME_MAX);
	call[FILTER_NAME_MAX - 1] = '\0';
	return true;
}
