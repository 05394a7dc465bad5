/* SPDX-License-Identifier: MIT */
/* The functions of libpng that this program uses, and how its errors become faults. */
#ifndef PICTURE_PNG_LIBRARY_H
#define PICTURE_PNG_LIBRARY_H

#include <setjmp.h>
#include <stdbool.h>
#include <png.h>

/* Each has the type of the function in libpng's header. */
struct png_library {
	__typeof__(&png_create_read_struct_2) read_create;
	__typeof__(&png_destroy_read_struct) read_destroy;
	__typeof__(&png_create_info_struct) info_create;
	__typeof__(&png_error) error;
	__typeof__(&png_get_error_ptr) error_pointer;
	__typeof__(&png_get_mem_ptr) memory_pointer;
	__typeof__(&png_get_io_ptr) io_pointer;
	__typeof__(&png_set_read_fn) set_read;
	__typeof__(&png_set_user_limits) set_limits;
	__typeof__(&png_set_crc_action) set_crc_action;
	__typeof__(&png_set_option) set_option;
	__typeof__(&png_set_expand) set_expand;
	__typeof__(&png_set_scale_16) set_scale_16;
	__typeof__(&png_set_gray_to_rgb) set_gray_to_rgb;
	__typeof__(&png_set_add_alpha) set_add_alpha;
	__typeof__(&png_set_swap) set_swap;
	__typeof__(&png_set_interlace_handling) set_interlace;
	__typeof__(&png_read_info) read_info;
	__typeof__(&png_read_update_info) update_info;
	__typeof__(&png_get_rowbytes) row_bytes;
	__typeof__(&png_read_row) read_row;
	__typeof__(&png_read_end) read_end;
};

/* Loads the library. Returns 0 or a fault. */
int png_library(const struct png_library **library);

/* What png_set_read_fn was given. Its function has nothing to find the table with. */
void *png_library_reader(png_structp png);

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
