/* SPDX-License-Identifier: MIT */
/*
 * libpng says of missing memory only a text, like of everything else. So the memory comes from
 * here, where it is seen that there is none.
 */
#include "picture/png_errors.h"

#include <stdlib.h>

#include "picture/fault.h"

void png_errors_leave(png_structp png, png_const_charp text)
{
	struct png_errors *errors = png_get_error_ptr(png);
	if (!errors->status)
		errors->status =
			errors->no_memory ? fault_memory() : fault(FAULT_BROKEN, "png: %s", text);
	longjmp(errors->escape, 1);
}

void png_errors_ignore(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

png_voidp png_errors_malloc(png_structp png, png_alloc_size_t size)
{
	struct png_errors *errors = png_get_mem_ptr(png);
	void *memory = malloc(size);
	if (!memory)
		errors->no_memory = true;
	return memory;
}

void png_errors_free(png_structp png, png_voidp memory)
{
	(void)png;
	free(memory);
}
