/* SPDX-License-Identifier: MIT */
/*
 * libpng says of missing memory only a text, like of everything else. So the memory comes from
 * here, where it is seen that there is none.
 */
#include "picture/png_library.h"

#include <stdlib.h>

#include "picture/fault.h"
#include "picture/library.h"

static struct png_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct png_library, member, function)

static const struct library_function functions[] = {
	ROW(read_create, png_create_read_struct_2),
	ROW(read_destroy, png_destroy_read_struct),
	ROW(info_create, png_create_info_struct),
	ROW(error, png_error),
	ROW(error_pointer, png_get_error_ptr),
	ROW(memory_pointer, png_get_mem_ptr),
	ROW(io_pointer, png_get_io_ptr),
	ROW(set_read, png_set_read_fn),
	ROW(set_limits, png_set_user_limits),
	ROW(set_crc_action, png_set_crc_action),
	ROW(set_option, png_set_option),
	ROW(set_expand, png_set_expand),
	ROW(set_scale_16, png_set_scale_16),
	ROW(set_gray_to_rgb, png_set_gray_to_rgb),
	ROW(set_add_alpha, png_set_add_alpha),
	ROW(set_swap, png_set_swap),
	ROW(set_interlace, png_set_interlace_handling),
	ROW(read_info, png_read_info),
	ROW(update_info, png_read_update_info),
	ROW(row_bytes, png_get_rowbytes),
	ROW(read_row, png_read_row),
	ROW(read_end, png_read_end),
	{NULL, 0},
};

static struct library library = {
	.name = PICTURE_PNG_LIBRARY, .kind = "png", .functions = functions, .table = &table};

int png_library(const struct png_library **result)
{
	*result = &table;
	return library_open(&library);
}

void *png_library_reader(png_structp png)
{
	return table.io_pointer(png);
}

void png_errors_leave(png_structp png, png_const_charp text)
{
	struct png_errors *errors = table.error_pointer(png);
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
	struct png_errors *errors = table.memory_pointer(png);
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
