/* SPDX-License-Identifier: MIT */
/*
 * The decoder makes a picture of an eighth, a quarter or half of the size for a fraction of the
 * work, so it gets as small as the resampler allows: the result times a margin, below which
 * Lanczos would have nothing left to do. Colours stay Y, Cb and Cr where the result wants them so,
 * each plane in the size that the file has.
 */
#include "picture/jpeg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "picture/fault.h"
#include "picture/jpeg_metadata.h"
#include "picture/jpeg_source.h"

/* How much larger than the result a picture is decoded at least. */
static const double MARGIN = 2;

struct jpeg_decoder {
	struct decoder decoder;
	struct jpeg_decompress_struct info;
	struct jpeg_errors errors;
	struct decoder_limits limits;
	struct jpeg_progress_mgr progress;
	struct jpeg_metadata metadata;
	bool partial;	    /* only this part of the scaled picture is decoded: */
	uint32_t left, top; /* where it begins; the layout has the sides */
	struct jpeg_source source;
};

/* A progressive file can have thousands of scans, each of which costs as much as a picture. */
static void count_scans(j_common_ptr common)
{
	j_decompress_ptr info = (j_decompress_ptr)common;
	struct jpeg_decoder *jpeg = info->client_data;
	if ((uint32_t)info->input_scan_number <= jpeg->limits.scans)
		return;
	jpeg->errors.status = fault(FAULT_LIMIT, "jpeg: more than %u scans", jpeg->limits.scans);
	longjmp(jpeg->errors.escape, 1);
}

/* From the first to behind the last sample that counts, in whole groups of blocks. One group more
 * on each side: chroma is made finer with its neighbours. */
static void part(double from, double length, double reach, double scale, uint32_t group,
	uint32_t samples, uint32_t *first, uint32_t *count)
{
	double low = floor((from - reach) * scale) - group;
	double high = ceil((from + length + reach) * scale) + group;
	*first = low < 0 ? 0 : (uint32_t)low / group * group;
	uint32_t end = high > samples ? samples : ((uint32_t)high + group - 1) / group * group;
	*count = (end > samples ? samples : end) - *first;
}

static void choose_part(struct jpeg_decoder *jpeg, const struct decoder_wish *wish)
{
	const struct jpeg_decompress_struct *info = &jpeg->info;
	struct decoder_raster *raster = &jpeg->decoder.layout.raster[0];
	uint32_t block = (uint32_t)info->min_DCT_scaled_size;
	part(wish->region.x, wish->region.width, wish->reach_x, raster->scale_x,
		block * (uint32_t)info->max_h_samp_factor, info->output_width, &jpeg->left,
		&raster->width);
	part(wish->region.y, wish->region.height, wish->reach_y, raster->scale_y,
		block * (uint32_t)info->max_v_samp_factor, info->output_height, &jpeg->top,
		&raster->height);
	raster->left = jpeg->left / raster->scale_x;
	raster->top = jpeg->top / raster->scale_y;
}

static int prepare(struct decoder *decoder, const struct decoder_wish *wish)
{
	struct jpeg_decoder *jpeg = (struct jpeg_decoder *)decoder;
	j_decompress_ptr info = &jpeg->info;
	if (setjmp(jpeg->errors.escape))
		return jpeg->errors.status;
	static const unsigned eighths[] = {1, 2, 4};
	info->scale_num = 8;
	info->scale_denom = 8;
	for (unsigned at = sizeof(eighths) / sizeof(*eighths); at-- > 0;)
		if (eighths[at] / 8.0 >= wish->scale * MARGIN)
			info->scale_num = eighths[at];
	struct decoder_layout *layout = &decoder->layout;
	bool ycc = info->jpeg_color_space == JCS_YCbCr;
	bool gray = info->jpeg_color_space == JCS_GRAYSCALE || (ycc && wish->gray);
	jpeg->partial = wish->partial;
	info->raw_data_out = !jpeg->partial && (gray || (ycc && wish->planes));
	if (gray)
		info->out_color_space = JCS_GRAYSCALE;
	else if (info->raw_data_out)
		info->out_color_space = JCS_YCbCr;
	else
		info->out_color_space = decoder->header.space == SPACE_CMYK ? JCS_CMYK : JCS_RGB;
	jpeg_calc_output_dimensions(info);
	layout->planes = info->raw_data_out && !gray ? 3 : 1;
	layout->channels = layout->planes == 3 || gray		 ? 1
			   : decoder->header.space == SPACE_CMYK ? 4
								 : 3;
	layout->wide = false;
	for (unsigned plane = 0; plane < layout->planes; plane++) {
		const jpeg_component_info *component = &info->comp_info[plane];
		struct decoder_raster *raster = &layout->raster[plane];
		double scale = (double)info->scale_num / info->scale_denom;
		*raster = (struct decoder_raster){.width = info->output_width,
			.height = info->output_height,
			.scale_x = scale,
			.scale_y = scale};
		if (!info->raw_data_out)
			continue;
		raster->width = component->downsampled_width;
		raster->height = component->downsampled_height;
		raster->scale_x = (double)component->h_samp_factor / info->max_h_samp_factor *
				  component->DCT_scaled_size / DCTSIZE;
		raster->scale_y = (double)component->v_samp_factor / info->max_v_samp_factor *
				  component->DCT_scaled_size / DCTSIZE;
	}
	if (jpeg->partial)
		choose_part(jpeg, wish);
	return 0;
}

/* Rows of blocks of all planes at once, as libjpeg hands them out. */
static int run_planes(struct jpeg_decoder *jpeg, struct stage *const *stages, JSAMPROW *rows)
{
	j_decompress_ptr info = &jpeg->info;
	const struct decoder_layout *layout = &jpeg->decoder.layout;
	JSAMPARRAY planes[MAX_COMPONENTS] = {0};
	unsigned lines[MAX_COMPONENTS] = {0}, most = 0;
	uint32_t given[3] = {0};
	for (int plane = 0; plane < info->num_components; plane++) {
		const jpeg_component_info *component = &info->comp_info[plane];
		lines[plane] = (unsigned)(component->v_samp_factor * component->DCT_scaled_size);
		planes[plane] = rows;
		rows += lines[plane];
	}
	most = (unsigned)(info->max_v_samp_factor * info->min_DCT_scaled_size);
	while (info->output_scanline < info->output_height) {
		jpeg_read_raw_data(info, planes, most);
		for (unsigned plane = 0; plane < layout->planes; plane++)
			for (unsigned line = 0;
				line < lines[plane] && given[plane] < layout->raster[plane].height;
				line++, given[plane]++) {
				int status = stage_row(stages[plane], planes[plane][line]);
				if (status)
					return status;
			}
	}
	return 0;
}

/* The rows that run_planes needs, of the library's own memory: it goes with the decompressor. */
static JSAMPROW *plane_rows(j_decompress_ptr info)
{
	size_t count = 0;
	for (int plane = 0; plane < info->num_components; plane++)
		count += (size_t)info->comp_info[plane].v_samp_factor *
			 (size_t)info->comp_info[plane].DCT_scaled_size;
	JSAMPROW *all =
		info->mem->alloc_small((j_common_ptr)info, JPOOL_IMAGE, count * sizeof(*all));
	JSAMPROW *next = all;
	for (int plane = 0; plane < info->num_components; plane++) {
		const jpeg_component_info *component = &info->comp_info[plane];
		JDIMENSION width =
			component->width_in_blocks * (JDIMENSION)component->DCT_scaled_size;
		JDIMENSION lines =
			(JDIMENSION)(component->v_samp_factor * component->DCT_scaled_size);
		/* A group of blocks may reach over the component's last one. */
		width += (JDIMENSION)(component->h_samp_factor * component->DCT_scaled_size);
		JSAMPARRAY rows =
			info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE, width, lines);
		memcpy(next, rows, lines * sizeof(*rows));
		next += lines;
	}
	return all;
}

/* The library begins where the part does. */
static int go_to_part(struct jpeg_decoder *jpeg)
{
	j_decompress_ptr info = &jpeg->info;
	JDIMENSION left = jpeg->left, width = jpeg->decoder.layout.raster[0].width;
	jpeg_crop_scanline(info, &left, &width);
	if (left != jpeg->left || width != jpeg->decoder.layout.raster[0].width)
		return fault(FAULT_UNSUPPORTED, "jpeg: the library cannot decode this part");
	for (JDIMENSION row = 0; row < jpeg->top;) {
		JDIMENSION skipped = jpeg_skip_scanlines(info, jpeg->top - row);
		if (!skipped)
			return fault(FAULT_BROKEN, "jpeg: rows are missing");
		row += skipped;
	}
	return 0;
}

static int run_rows(struct jpeg_decoder *jpeg, struct stage *stage)
{
	j_decompress_ptr info = &jpeg->info;
	int status = jpeg->partial ? go_to_part(jpeg) : 0;
	if (status)
		return status;
	JSAMPARRAY row = info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE,
		info->output_width * (JDIMENSION)info->output_components, 1);
	uint32_t rows = jpeg->decoder.layout.raster[0].height;
	for (uint32_t number = 0; number < rows; number++) {
		jpeg_read_scanlines(info, row, 1);
		/* Adobe's CMYK is stored with white as 0 ink inverted. */
		if (jpeg->metadata.inverted)
			for (size_t at = 0; at < (size_t)info->output_width * 4; at++)
				row[0][at] = (JSAMPLE)(255 - row[0][at]);
		status = stage_row(stage, row[0]);
		if (status)
			return status;
	}
	return 0;
}

/* A file of several scans has been read to its end, but a component may have been in none of them:
 * the library would show it as gray. Its first scan gives a component its table. */
static int check_components(const struct jpeg_decompress_struct *info)
{
	for (int plane = 0; plane < info->num_components; plane++)
		if (info->comp_info[plane].component_needed && !info->comp_info[plane].quant_table)
			return fault(FAULT_BROKEN, "jpeg: a component is missing");
	return 0;
}

/* Only later libraries decode such files at all, and neither in planes nor made smaller. Ss is the
 * number of the predictor, and Se is 0; in all other kinds Ss is never behind Se. */
static bool is_lossless(const struct jpeg_decompress_struct *info)
{
	return info->Ss > info->Se;
}

static int run(struct decoder *decoder, struct stage *const *stages)
{
	struct jpeg_decoder *jpeg = (struct jpeg_decoder *)decoder;
	if (setjmp(jpeg->errors.escape))
		return jpeg->errors.status;
	jpeg_start_decompress(&jpeg->info);
	int status = check_components(&jpeg->info);
	if (!status && jpeg->info.raw_data_out)
		status = run_planes(jpeg, stages, plane_rows(&jpeg->info));
	else if (!status)
		status = run_rows(jpeg, stages[0]);
	if (!status && !jpeg->partial)
		jpeg_finish_decompress(&jpeg->info);
	return status;
}

static void close_decoder(struct decoder *decoder)
{
	struct jpeg_decoder *jpeg = (struct jpeg_decoder *)decoder;
	if (!setjmp(jpeg->errors.escape))
		jpeg_destroy_decompress(&jpeg->info);
	jpeg_metadata_deinit(&jpeg->metadata);
	free(jpeg);
}

static const struct decoder_type type = {.prepare = prepare, .run = run, .close = close_decoder};

static void fill_header(struct jpeg_decoder *jpeg)
{
	const struct jpeg_decompress_struct *info = &jpeg->info;
	bool cmyk = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
	jpeg->decoder.header = (struct decoder_header){.type = "jpeg",
		.width = info->image_width,
		.height = info->image_height,
		.orientation = jpeg->metadata.orientation,
		.depth = (unsigned)info->data_precision,
		.space = cmyk			     ? SPACE_CMYK
			 : info->num_components == 1 ? SPACE_GRAY
						     : SPACE_RGB,
		.frames = 1,
		.loops = 1,
		.profile = jpeg->metadata.profile,
		.profile_length = jpeg->metadata.profile_length,
		.cicp = {2, 2, 2, true}};
}

int jpeg_decoder_open(
	struct input *input, const struct decoder_limits *limits, struct decoder **result)
{
	struct jpeg_decoder *jpeg = malloc(sizeof(*jpeg));
	if (!jpeg)
		return fault_memory();
	memset(jpeg, 0, offsetof(struct jpeg_decoder, source.bytes));
	jpeg->decoder.type = &type;
	jpeg->limits = *limits;
	jpeg_errors_init(&jpeg->errors, (j_common_ptr)&jpeg->info);
	if (setjmp(jpeg->errors.escape)) {
		int fault_of_it = jpeg->errors.status ? jpeg->errors.status : FAULT_BROKEN;
		close_decoder(&jpeg->decoder);
		return fault_of_it;
	}
	jpeg_create_decompress(&jpeg->info);
	jpeg->info.client_data = jpeg;
	jpeg->progress.progress_monitor = count_scans;
	jpeg->info.progress = &jpeg->progress;
	jpeg_source_init(&jpeg->source, input, &jpeg->info);
	jpeg_metadata_ask(&jpeg->info);
	jpeg_read_header(&jpeg->info, TRUE);
	int status = is_lossless(&jpeg->info)
			     ? fault(FAULT_UNSUPPORTED, "jpeg: lossless JPEG is not supported")
			     : decoder_check_sides(
				       jpeg->info.image_width, jpeg->info.image_height, limits);
	if (!status)
		status = jpeg_metadata_read(&jpeg->info, &jpeg->metadata);
	if (status) {
		close_decoder(&jpeg->decoder);
		return status;
	}
	fill_header(jpeg);
	*result = &jpeg->decoder;
	return 0;
}
