/* SPDX-License-Identifier: MIT */
/* The functions of ISA-L that this program uses. */
#ifndef PICTURE_ISAL_LIBRARY_H
#define PICTURE_ISAL_LIBRARY_H

#include <isa-l.h>

/* Each has the type of the function in ISA-L's header. */
struct isal_library {
	__typeof__(&isal_inflate_init) inflate_init;
	__typeof__(&isal_inflate) inflate;
};

/* Loads the library. Returns 0 or a fault. */
int isal_library(const struct isal_library **library);

#endif
