/* SPDX-License-Identifier: MIT */
/*
 * A library that is only loaded when a picture asks for it: the heavy ones cost more to load than
 * a small JPEG costs as a whole, and each of the others costs 10 µs whenever a held process is
 * copied.
 */
#ifndef PICTURE_LIBRARY_H
#define PICTURE_LIBRARY_H

#include <stddef.h>

/* A function, and where its address belongs: an offset in the table of the library. */
struct library_function {
	const char *name;
	size_t at;
};

/* A row of such a list. The member of `type` is a pointer to a function of the type that the
 * library's header declares. */
#define LIBRARY_FUNCTION(type, member, function)                                                   \
	{                                                                                          \
#function, offsetof(type, member)                                                  \
	}

struct library {
	const char *name;			  /* as the dynamic linker knows it: libX.so.1 */
	const char *kind;			  /* what it is for, in the fault */
	const struct library_function *functions; /* up to one without a name */
	void *table;				  /* gets the addresses */
	void *handle;				  /* NULL until it is open */
};

/* Opens it and fills in its table; a second call is nothing. Nothing is looked for on the disk when
 * the library is in the process already. Returns 0 or a fault. It is never closed. */
int library_open(struct library *library);

#endif
