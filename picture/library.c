/* SPDX-License-Identifier: MIT */
/*
 * In a held process the library was opened before there was a job (sluice.conf(5), preload and
 * prime), and here it is only found again. Used alone, the program opens it now; so does a job
 * whose rehearsal was for less, which its confinement allows and which takes its time.
 */
#include "picture/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "picture/fault.h"

/* More than any of these libraries takes, with those that it needs. */
enum { LIBRARY_ROOM = 64 << 20 };

/* The dynamic linker says in the same words that there is no room for a library and that the file
 * system is mounted without execution, so it is tried out. */
static bool is_room_missing(const char *why)
{
	if (!strstr(why, "map") && !strstr(why, "memory"))
		return false;
	void *room = mmap(NULL, LIBRARY_ROOM, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return errno == ENOMEM;
	munmap(room, LIBRARY_ROOM);
	return false;
}

static int missing(const struct library *library)
{
	const char *why = dlerror();
	why = why ? why : "unknown";
	return fault(is_room_missing(why) ? FAULT_LIMIT : FAULT_UNSUPPORTED,
		"%s: cannot load %s: %s", library->kind, library->name, why);
}

int library_open(struct library *library)
{
	if (library->handle)
		return 0;
	void *handle = dlopen(library->name, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
	if (!handle)
		handle = dlopen(library->name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!handle)
		return missing(library);
	for (const struct library_function *function = library->functions; function->name;
		function++) {
		void *address = dlsym(handle, function->name);
		if (!address)
			return missing(library);
		/* ISO C has no conversion between pointers to objects and to functions. */
		memcpy((char *)library->table + function->at, &address, sizeof(address));
	}
	library->handle = handle;
	return 0;
}
