/* SPDX-License-Identifier: MIT */
/*
 * libheif decodes a picture as a whole, tiles and all, and keeps all of its samples in memory. Its
 * own conversion to RGB would need them a second time, so they become an image of libavif, without
 * a copy, and go the way of an AVIF's from there.
 *
 * What the coded picture says of its colours is known only when it has been decoded. So it is
 * decoded when it is prepared.
 */
#include "picture/heif.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "picture/avif_library.h"
#include "picture/avif_pixels.h"
#include "picture/fault.h"
#include "picture/heif_image.h"
#include "picture/heif_library.h"
#include "picture/heif_turn.h"

/* How much larger than the result a thumbnail is at least, and how many are looked at. */
static const double MARGIN = 1.5;
enum { THUMBNAILS_MAX = 8 };

/* The source is read into memory, for libheif. */
static const size_t SOURCE_MAX = 512u << 20;

/* The most pixels of a side: as libheif's own limit. */
enum { SIDE_MAX = 32768 };

struct heif_decoder {
	struct decoder decoder;
	const struct heif_library *library;
	struct heif_context *context;
	struct heif_image_handle *handle;
	struct heif_image_handle *thumbnail; /* is decoded in its place; NULL: none */
	struct heif_image *decoded;
	avifImage *image; /* its planes are those of `decoded` */
	struct avif_pixels pixels;
	uint8_t *profile;
	const uint8_t *bytes; /* the source */
	size_t length;
	unsigned turn; /* that is left to the stages behind; 0: libheif does everything */
};

/* The sides of an item as it comes: in the orientation of the header. */
static void sides_of(const struct heif_decoder *heif, const struct heif_image_handle *handle,
	int *width, int *height)
{
	const struct heif_library *library = heif->library;
	*width = heif->turn ? library->stored_width(handle) : library->handle_width(handle);
	*height = heif->turn ? library->stored_height(handle) : library->handle_height(handle);
}

static int decode(struct heif_decoder *heif)
{
	if (heif->decoded)
		return 0;
	struct heif_decoding_options *options = heif->library->options_alloc();
	if (!options)
		return fault_memory();
	options->strict_decoding = 1;
	options->ignore_transformations = heif->turn != 0;
	struct heif_error error =
		heif->library->decode(heif->thumbnail ? heif->thumbnail : heif->handle,
			&heif->decoded, heif_colorspace_undefined, heif_chroma_undefined, options);
	heif->library->options_free(options);
	return error.code == heif_error_Ok ? 0 : heif_fault(error, "cannot decode");
}

/* Whether a thumbnail is the same picture, as far as can be seen, and large enough. */
static bool fits(const struct heif_decoder *heif, heif_item_id id,
	const struct heif_image_handle *thumbnail, const struct decoder_wish *wish)
{
	const struct decoder_header *header = &heif->decoder.header;
	int width = 0, height = 0;
	sides_of(heif, thumbnail, &width, &height);
	double across = (double)width / header->width;
	if (heif->turn && heif_turn_of(heif->bytes, heif->length, id) != heif->turn)
		return false;
	return width > 0 && height > 0 && (uint32_t)width < heif->pixels.whole.width &&
	       across >= wish->scale * MARGIN && fabs(across * header->height - height) <= 1 &&
	       (heif->library->handle_alpha(thumbnail) != 0) == header->alpha;
}

/* A phone's photo has dozens of tiles, and a thumbnail that costs a hundredth of them. The smallest
 * one that fits becomes the whole that is decoded. */
static void choose_thumbnail(struct heif_decoder *heif, const struct decoder_wish *wish)
{
	heif_item_id ids[THUMBNAILS_MAX];
	if (wish->partial || heif->decoded)
		return;
	int count = heif->library->thumbnails(heif->handle, ids, THUMBNAILS_MAX);
	for (int at = 0; at < count && at < THUMBNAILS_MAX; at++) {
		struct heif_image_handle *one = NULL;
		struct heif_error error = heif->library->thumbnail(heif->handle, ids[at], &one);
		if (error.code != heif_error_Ok || !one)
			continue;
		if (!fits(heif, ids[at], one, wish)) {
			heif->library->handle_release(one);
			continue;
		}
		if (heif->thumbnail)
			heif->library->handle_release(heif->thumbnail);
		heif->thumbnail = one;
		int width = 0, height = 0;
		sides_of(heif, one, &width, &height);
		heif->pixels.whole.width = (uint32_t)width;
		heif->pixels.whole.height = (uint32_t)height;
	}
}

/* The samples are those of a thumbnail. */
static void scale_layout(struct heif_decoder *heif)
{
	double across = (double)heif->pixels.whole.width / heif->decoder.header.width;
	double down = (double)heif->pixels.whole.height / heif->decoder.header.height;
	for (unsigned plane = 0; plane < heif->decoder.layout.planes; plane++) {
		struct decoder_raster *raster = &heif->decoder.layout.raster[plane];
		raster->scale_x *= across;
		raster->scale_y *= down;
		raster->left /= across;
		raster->top /= down;
	}
}

static int prepare(struct decoder *decoder, const struct decoder_wish *wish)
{
	struct heif_decoder *heif = (struct heif_decoder *)decoder;
	int status = avif_library(&heif->pixels.library);
	if (!status)
		choose_thumbnail(heif, wish);
	if (!status)
		status = decode(heif);
	if (!status && !heif->image)
		status = heif_image_wrap(heif->library, heif->decoded, heif->pixels.whole.width,
			heif->pixels.whole.height, decoder->header.alpha, heif->pixels.library,
			&heif->image);
	if (status)
		return status;
	heif->image->alphaPremultiplied =
		heif->library->handle_premultiplied(heif->handle) ? AVIF_TRUE : AVIF_FALSE;
	avif_pixels_layout(&heif->pixels, heif->image, wish, &decoder->header, &decoder->layout);
	scale_layout(heif);
	return 0;
}

static int run(struct decoder *decoder, struct stage *const *stages)
{
	struct heif_decoder *heif = (struct heif_decoder *)decoder;
	return avif_pixels_push(
		&heif->pixels, heif->image, &decoder->header, &decoder->layout, stages);
}

static void close_decoder(struct decoder *decoder)
{
	struct heif_decoder *heif = (struct heif_decoder *)decoder;
	if (heif->image)
		heif->pixels.library->image_destroy(heif->image);
	if (heif->decoded)
		heif->library->image_release(heif->decoded);
	if (heif->thumbnail)
		heif->library->handle_release(heif->thumbnail);
	if (heif->handle)
		heif->library->handle_release(heif->handle);
	if (heif->context)
		heif->library->context_free(heif->context);
	free(heif->profile);
	free(heif);
}

static const struct decoder_type type = {.prepare = prepare, .run = run, .close = close_decoder};

static int read_profile(struct heif_decoder *heif)
{
	struct decoder_header *header = &heif->decoder.header;
	size_t length = heif->library->profile_size(heif->handle);
	if (!length)
		return 0;
	heif->profile = malloc(length);
	if (!heif->profile)
		return fault_memory();
	if (heif->library->profile(heif->handle, heif->profile).code != heif_error_Ok)
		return 0;
	header->profile = heif->profile;
	header->profile_length = length;
	return 0;
}

/* The file's own words, or else those of the coded picture. */
static int read_cicp(struct heif_decoder *heif)
{
	struct heif_color_profile_nclx *nclx = NULL;
	bool found = heif->library->handle_nclx(heif->handle, &nclx).code == heif_error_Ok && nclx;
	if (!found && !heif->profile) {
		int status = decode(heif);
		if (status)
			return status;
		found = heif->library->image_nclx(heif->decoded, &nclx).code == heif_error_Ok &&
			nclx;
	}
	if (found)
		heif->decoder.header.cicp = (struct decoder_cicp){(uint8_t)nclx->color_primaries,
			(uint8_t)nclx->transfer_characteristics, (uint8_t)nclx->matrix_coefficients,
			nclx->full_range_flag != 0};
	if (nclx)
		heif->library->nclx_free(nclx);
	return 0;
}

/* Turns are left to the stages behind where that is all that libheif would do. */
static void choose_turn(struct heif_decoder *heif)
{
	const struct heif_library *library = heif->library;
	heif_item_id id = 0;
	if (library->primary_id(heif->context, &id).code != heif_error_Ok)
		return;
	unsigned turn = heif_turn_of(heif->bytes, heif->length, id);
	int width = library->stored_width(heif->handle);
	int height = library->stored_height(heif->handle);
	bool swaps = geometry_swaps(turn);
	if (turn > 1 && library->handle_width(heif->handle) == (swaps ? height : width) &&
		library->handle_height(heif->handle) == (swaps ? width : height))
		heif->turn = turn;
}

static int fill_header(struct heif_decoder *heif, const struct decoder_limits *limits)
{
	int width = 0, height = 0, depth = heif->library->handle_depth(heif->handle);
	choose_turn(heif);
	sides_of(heif, heif->handle, &width, &height);
	int status = decoder_check_sides(
		width > 0 ? (uint32_t)width : 0, height > 0 ? (uint32_t)height : 0, limits);
	if (status)
		return status;
	heif->pixels.whole = (avifCropRect){0, 0, (uint32_t)width, (uint32_t)height};
	heif->decoder.header = (struct decoder_header){.type = "heic",
		.width = (uint32_t)width,
		.height = (uint32_t)height,
		.orientation = heif->turn ? heif->turn : 1,
		.depth = depth > 0 ? (unsigned)depth : 8,
		.space = SPACE_RGB,
		.alpha = heif->library->handle_alpha(heif->handle) != 0,
		.frames = 1,
		.loops = 1,
		.cicp = {2, 2, 2, true}};
	status = read_profile(heif);
	return status ? status : read_cicp(heif);
}

static int open_source(
	struct heif_decoder *heif, struct input *input, const struct decoder_limits *limits)
{
	int status = input_whole(input, SOURCE_MAX, &heif->bytes, &heif->length);
	if (status)
		return status;
	heif->context = heif->library->context_alloc();
	if (!heif->context)
		return fault_memory();
	heif->library->set_threads(heif->context, 0);
	heif->library->set_side_max(
		heif->context, limits->pixels < SIDE_MAX ? (int)limits->pixels : SIDE_MAX);
	struct heif_error error =
		heif->library->read_memory(heif->context, heif->bytes, heif->length, NULL);
	if (error.code == heif_error_Ok)
		error = heif->library->primary(heif->context, &heif->handle);
	if (error.code != heif_error_Ok)
		return heif_fault(error, "cannot read the header");
	return fill_header(heif, limits);
}

int heif_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **result)
{
	(void)animated;
	const struct heif_library *library = NULL;
	int status = heif_library(&library);
	if (status)
		return status;
	struct heif_decoder *heif = calloc(1, sizeof(*heif));
	if (!heif)
		return fault_memory();
	heif->decoder.type = &type;
	heif->library = library;
	status = open_source(heif, input, limits);
	if (status) {
		close_decoder(&heif->decoder);
		return status;
	}
	*result = &heif->decoder;
	return 0;
}
