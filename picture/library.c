/* SPDX-License-Identifier: MIT */
/*
 * In a held process the library was opened before there was a job (sluice.conf(5), preload and
 * prime), and here it is only found again. Used alone, the program opens it now; so does a job
 * whose rehearsal was for less, which its confinement allows and which takes its time.
 */
#include "picture/library.h"

#include <dlfcn.h>
#include <string.h>

#include "picture/fault.h"

static int missing(const struct library *library)
{
	const char *why = dlerror();
	return fault(FAULT_UNSUPPORTED, "%s: cannot load %s: %s", library->kind, library->name,
		why ? why : "unknown");
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
