/* SPDX-License-Identifier: MIT */
/* How errors of libpng become faults. */
#ifndef PICTURE_PNG_ERRORS_H
#define PICTURE_PNG_ERRORS_H

#include <setjmp.h>
#include <stdbool.h>
#include <png.h>

/* `escape` must be set before a call of the library; it is left by longjmp(3), with `status` as
 * the fault. */
struct png_errors {
	jmp_buf escape;
	int status; /* set before png_error is called: that fault, and its line is written */
	bool no_memory;
};

/* The functions for png_create_…_struct_2; the pointer of both kinds is the struct png_errors. */
void png_errors_leave(png_structp png, png_const_charp text) __attribute__((noreturn));
void png_errors_ignore(png_structp png, png_const_charp text);
png_voidp png_errors_malloc(png_structp png, png_alloc_size_t size);
void png_errors_free(png_structp png, png_voidp memory);

#endif
