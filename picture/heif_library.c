/* SPDX-License-Identifier: MIT */
/*
 * libheif lets libde265 start a thread for each decoder, and offers no way around it; a strictly
 * confined process may not start one, and libde265 would wait for it for ever. So this program has
 * a function of that name, which the dynamic linker finds first: it starts none, and libde265
 * decodes in the thread that calls it. And it asks for no pictures with holes: libde265 fills them
 * with gray, and libheif does not ask whether it has.
 */
#include "picture/heif_library.h"

#include "picture/fault.h"
#include "picture/library.h"

static struct heif_library table;

#define ROW(member, function) LIBRARY_FUNCTION(struct heif_library, member, function)

static const struct library_function functions[] = {
	ROW(init, heif_init),
	ROW(context_alloc, heif_context_alloc),
	ROW(context_free, heif_context_free),
	ROW(set_threads, heif_context_set_max_decoding_threads),
	ROW(set_side_max, heif_context_set_maximum_image_size_limit),
	ROW(read_memory, heif_context_read_from_memory_without_copy),
	ROW(primary, heif_context_get_primary_image_handle),
	ROW(thumbnails, heif_image_handle_get_list_of_thumbnail_IDs),
	ROW(thumbnail, heif_image_handle_get_thumbnail),
	ROW(handle_release, heif_image_handle_release),
	ROW(primary_id, heif_context_get_primary_image_ID),
	ROW(stored_width, heif_image_handle_get_ispe_width),
	ROW(stored_height, heif_image_handle_get_ispe_height),
	ROW(handle_width, heif_image_handle_get_width),
	ROW(handle_height, heif_image_handle_get_height),
	ROW(handle_depth, heif_image_handle_get_luma_bits_per_pixel),
	ROW(handle_alpha, heif_image_handle_has_alpha_channel),
	ROW(handle_premultiplied, heif_image_handle_is_premultiplied_alpha),
	ROW(profile_size, heif_image_handle_get_raw_color_profile_size),
	ROW(profile, heif_image_handle_get_raw_color_profile),
	ROW(handle_nclx, heif_image_handle_get_nclx_color_profile),
	ROW(nclx_free, heif_nclx_color_profile_free),
	ROW(options_alloc, heif_decoding_options_alloc),
	ROW(options_free, heif_decoding_options_free),
	ROW(decode, heif_decode_image),
	ROW(image_release, heif_image_release),
	ROW(image_nclx, heif_image_get_nclx_color_profile),
	ROW(image_space, heif_image_get_colorspace),
	ROW(image_chroma, heif_image_get_chroma_format),
	ROW(has_channel, heif_image_has_channel),
	ROW(channel_width, heif_image_get_width),
	ROW(channel_height, heif_image_get_height),
	ROW(channel_depth, heif_image_get_bits_per_pixel_range),
	ROW(channel, heif_image_get_plane_readonly),
	ROW(coder_option, de265_set_parameter_bool),
	{NULL, 0},
};

static struct library library = {
	.name = PICTURE_HEIF_LIBRARY, .kind = "heic", .functions = functions, .table = &table};

de265_error de265_start_worker_threads(de265_decoder_context *context, int count)
{
	(void)count;
	table.coder_option(context, DE265_DECODER_PARAM_SUPPRESS_FAULTY_PICTURES, 1);
	return DE265_OK;
}

int heif_library(const struct heif_library **result)
{
	*result = &table;
	if (library.handle)
		return 0;
	int status = library_open(&library);
	if (status)
		return status;
	/* A plugin that is no good is no fault: the decoders that matter are none. */
	table.init(NULL);
	return 0;
}

int heif_fault(struct heif_error error, const char *doing)
{
	enum fault code = FAULT_BROKEN;
	if (error.subcode == heif_suberror_Security_limit_exceeded)
		code = FAULT_LIMIT;
	else if (error.code == heif_error_Memory_allocation_error)
		return fault_memory();
	else if (error.code == heif_error_Unsupported_feature ||
		 error.code == heif_error_Unsupported_filetype)
		code = FAULT_UNSUPPORTED;
	return fault(code, "heic: %s: %s", doing, error.message ? error.message : "unknown");
}
