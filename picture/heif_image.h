/* SPDX-License-Identifier: MIT */
/* A decoded image of libheif as one of libavif. */
#ifndef PICTURE_HEIF_IMAGE_H
#define PICTURE_HEIF_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <avif/avif.h>

struct avif_library;
struct heif_image;
struct heif_library;

/* Makes *image of the planes of `decoded`, which stay its own and must outlive it. The sides, and
 * whether there is alpha, have been told; depth and colours are those of the image. Returns 0 or a
 * fault. */
int heif_image_wrap(const struct heif_library *library, const struct heif_image *decoded,
	uint32_t width, uint32_t height, bool alpha, const struct avif_library *avif,
	avifImage **image);

#endif
