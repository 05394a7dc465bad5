/* SPDX-License-Identifier: MIT */
/* WebP, by libwebp. */
#ifndef PICTURE_WEBP_H
#define PICTURE_WEBP_H

#include "picture/decoder.h"
#include "picture/encoder.h"

struct WebPConfig;
struct webp_library;

int webp_decoder_open(struct input *input, const struct decoder_limits *limits, bool animated,
	struct decoder **decoder);

/* A picture that is black and white only is written lossless, any other lossy. */
int webp_encoder_new(const struct encoder_shape *shape, const struct encoder_options *options,
	struct output *output, struct encoder **encoder);

/* What the library is told for the options. */
void webp_encoder_config(const struct webp_library *library, const struct encoder_options *options,
	struct WebPConfig *config);

/* A result of the library as a fault: those of decoding (VP8StatusCode) and of encoding
 * (WebPEncodingError). */
int webp_decoding_fault(int status);
int webp_encoding_fault(int error);

/* Luma and chroma between the range that JPEG has (0 to 255) and that of video (16 to 235, 16 to
 * 240), which WebP has. `count` samples; `from` may be `to`. */
void webp_range_to_full(const uint8_t *from, uint8_t *to, size_t count, bool chroma);
void webp_range_to_video(const uint8_t *from, uint8_t *to, size_t count, bool chroma);

#endif
