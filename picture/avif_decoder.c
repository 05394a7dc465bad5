/* SPDX-License-Identifier: MIT */
/*
 * libavif with dav1d decodes a picture as a whole, so all of its samples are in memory. They are
 * pushed as planes where the result wants them so; else they are converted to RGB in strips.
 */
#include "picture/avif.h"

#include <stdlib.h>
#include <string.h>

#include "picture/avif_library.h"
#include "picture/avif_pixels.h"
#include "picture/fault.h"

/* The source is read into memory, for libavif. */
static const size_t SOURCE_MAX = 512u << 20;

/* Frames of a sequence, of which only the first is looked at. */
enum { FRAMES_MAX = 100000 };

struct avif_decoder {
	struct decoder decoder;
	const struct avif_library *library;
	avifDecoder *coder;
	struct avif_pixels pixels;
	avifPixelFormat format; /* as the header says */
};

static int prepare(struct decoder *decoder, const struct decoder_wish *wish)
{
	struct avif_decoder *avif = (struct avif_decoder *)decoder;
	avif_pixels_layout(
		&avif->pixels, avif->coder->image, wish, &decoder->header, &decoder->layout);
	return 0;
}

/* The header was that of the file; the coded picture has one of its own. */
static int check_decoded(const struct avif_decoder *avif)
{
	const avifImage *image = avif->coder->image;
	const avifCropRect *part = &avif->pixels.whole;
	if (image->depth != avif->decoder.header.depth || image->yuvFormat != avif->format ||
		image->width < part->x + part->width || image->height < part->y + part->height ||
		!image->yuvPlanes[0] || (avif->decoder.header.alpha && !image->alphaPlane))
		return fault(FAULT_BROKEN, "avif: the picture is not what the header says");
	return 0;
}

static int run(struct decoder *decoder, struct stage *const *stages)
{
	struct avif_decoder *avif = (struct avif_decoder *)decoder;
	avifResult result = avif->library->decoder_next(avif->coder);
	if (result != AVIF_RESULT_OK)
		return avif_fault(result, "cannot decode");
	int status = check_decoded(avif);
	if (status)
		return status;
	return avif_pixels_push(
		&avif->pixels, avif->coder->image, &decoder->header, &decoder->layout, stages);
}

static void close_decoder(struct decoder *decoder)
{
	struct avif_decoder *avif = (struct avif_decoder *)decoder;
	if (avif->coder)
		avif->library->decoder_destroy(avif->coder);
	free(avif);
}

static const struct decoder_type type = {.prepare = prepare, .run = run, .close = close_decoder};

/* A turn, then a mirror: in this order. EXIF says nothing in these files. */
static unsigned orientation_of(const avifImage *image)
{
	static const uint8_t turns[] = {1, 8, 3, 6}, mirrors[] = {4, 2};
	unsigned orientation = 1;
	if (image->transformFlags & AVIF_TRANSFORM_IROT)
		orientation = turns[image->irot.angle & 3];
	if (image->transformFlags & AVIF_TRANSFORM_IMIR)
		orientation = geometry_compose(orientation, mirrors[image->imir.mode & 1]);
	return orientation;
}

/* The part of the picture that counts; a clean aperture that makes no sense is ignored. */
static avifCropRect part_of(const struct avif_decoder *avif, const avifImage *image)
{
	avifCropRect part = {0, 0, image->width, image->height}, clean;
	avifDiagnostics ignored;
	if (image->transformFlags & AVIF_TRANSFORM_CLAP &&
		avif->library->clean_part(&clean, &image->clap, image->width, image->height,
			image->yuvFormat, &ignored) &&
		clean.width > 0 && clean.height > 0)
		part = clean;
	return part;
}

static void fill_header(struct avif_decoder *avif)
{
	const avifImage *image = avif->coder->image;
	avif->pixels.library = avif->library;
	avif->pixels.whole = part_of(avif, image);
	avif->format = image->yuvFormat;
	avif->decoder.header = (struct decoder_header){.type = "avif",
		.width = avif->pixels.whole.width,
		.height = avif->pixels.whole.height,
		.orientation = orientation_of(image),
		.depth = image->depth,
		.space = image->yuvFormat == AVIF_PIXEL_FORMAT_YUV400 ? SPACE_GRAY : SPACE_RGB,
		.alpha = avif->coder->alphaPresent,
		.frames = avif->coder->imageCount > 0 ? (uint32_t)avif->coder->imageCount : 1,
		.loops = 1,
		.profile = image->icc.size ? image->icc.data : NULL,
		.profile_length = image->icc.size,
		.cicp = {(uint8_t)image->colorPrimaries, (uint8_t)image->transferCharacteristics,
			(uint8_t)image->matrixCoefficients, image->yuvRange == AVIF_RANGE_FULL}};
}

static int parse(struct avif_decoder *avif, struct input *input,
	const struct decoder_limits *limits, bool animated)
{
	const uint8_t *bytes = NULL;
	size_t length = 0;
	int status = input_whole(input, SOURCE_MAX, &bytes, &length);
	if (status)
		return status;
	avif->coder = avif->library->decoder_create();
	if (!avif->coder)
		return fault_memory();
	avif->coder->maxThreads = 1;
	avif->coder->ignoreExif = avif->coder->ignoreXMP = AVIF_TRUE;
	avif->coder->imageCountLimit = FRAMES_MAX;
	/* What it would refuse is written by encoders that are in use. */
	avif->coder->strictFlags = AVIF_STRICT_DISABLED;
	avifResult result = avif->library->decoder_memory(avif->coder, bytes, length);
	if (result == AVIF_RESULT_OK)
		result = avif->library->decoder_parse(avif->coder);
	if (result != AVIF_RESULT_OK)
		return avif_fault(result, "cannot read the header");
	if (animated && avif->coder->imageCount > 1)
		return fault(FAULT_UNSUPPORTED, "avif: only the first frame can be read");
	const avifImage *image = avif->coder->image;
	if (image->yuvFormat == AVIF_PIXEL_FORMAT_NONE)
		return fault(FAULT_BROKEN, "avif: the picture has no pixels");
	/* For the coded picture, which has a size of its own. It takes none above its default. */
	if (limits->pixels < AVIF_DEFAULT_IMAGE_SIZE_LIMIT)
		avif->coder->imageSizeLimit = (uint32_t)limits->pixels;
	return decoder_check_sides(image->width, image->height, limits);
}

int avif_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **result)
{
	const struct avif_library *library = NULL;
	int status = avif_library(&library);
	if (status)
		return status;
	struct avif_decoder *avif = calloc(1, sizeof(*avif));
	if (!avif)
		return fault_memory();
	avif->decoder.type = &type;
	avif->library = library;
	status = parse(avif, input, limits, animated);
	if (status) {
		close_decoder(&avif->decoder);
		return status;
	}
	fill_header(avif);
	*result = &avif->decoder;
	return 0;
}
