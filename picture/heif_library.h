/* SPDX-License-Identifier: MIT */
/* The functions of libheif that this program uses. */
#ifndef PICTURE_HEIF_LIBRARY_H
#define PICTURE_HEIF_LIBRARY_H

#include <libde265/de265.h>
#include <libheif/heif.h>

/* Each has the type of the function in libheif's header. */
struct heif_library {
	__typeof__(&heif_init) init;
	__typeof__(&heif_context_alloc) context_alloc;
	__typeof__(&heif_context_free) context_free;
	__typeof__(&heif_context_set_max_decoding_threads) set_threads;
	__typeof__(&heif_context_set_maximum_image_size_limit) set_side_max;
	__typeof__(&heif_context_read_from_memory_without_copy) read_memory;
	__typeof__(&heif_context_get_primary_image_handle) primary;
	__typeof__(&heif_image_handle_get_list_of_thumbnail_IDs) thumbnails;
	__typeof__(&heif_image_handle_get_thumbnail) thumbnail;
	__typeof__(&heif_image_handle_release) handle_release;
	__typeof__(&heif_context_get_primary_image_ID) primary_id;
	__typeof__(&heif_image_handle_get_ispe_width) stored_width;
	__typeof__(&heif_image_handle_get_ispe_height) stored_height;
	__typeof__(&heif_image_handle_get_width) handle_width;
	__typeof__(&heif_image_handle_get_height) handle_height;
	__typeof__(&heif_image_handle_get_luma_bits_per_pixel) handle_depth;
	__typeof__(&heif_image_handle_has_alpha_channel) handle_alpha;
	__typeof__(&heif_image_handle_is_premultiplied_alpha) handle_premultiplied;
	__typeof__(&heif_image_handle_get_raw_color_profile_size) profile_size;
	__typeof__(&heif_image_handle_get_raw_color_profile) profile;
	__typeof__(&heif_image_handle_get_nclx_color_profile) handle_nclx;
	__typeof__(&heif_nclx_color_profile_free) nclx_free;
	__typeof__(&heif_decoding_options_alloc) options_alloc;
	__typeof__(&heif_decoding_options_free) options_free;
	__typeof__(&heif_decode_image) decode;
	__typeof__(&heif_image_release) image_release;
	__typeof__(&heif_image_get_nclx_color_profile) image_nclx;
	__typeof__(&heif_image_get_colorspace) image_space;
	__typeof__(&heif_image_get_chroma_format) image_chroma;
	__typeof__(&heif_image_has_channel) has_channel;
	__typeof__(&heif_image_get_width) channel_width;
	__typeof__(&heif_image_get_height) channel_height;
	__typeof__(&heif_image_get_bits_per_pixel_range) channel_depth;
	__typeof__(&heif_image_get_plane_readonly) channel;
	__typeof__(&de265_set_parameter_bool) coder_option;
};

/* Loads the library, and lets it look for its plugins. Returns 0 or a fault. */
int heif_library(const struct heif_library **library);

/* A fault for what a function of the library returned; `doing` begins the line. */
int heif_fault(struct heif_error error, const char *doing);

#endif
