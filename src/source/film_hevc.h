/* SPDX-License-Identifier: MIT */
#ifndef SRC_SOURCE_FILM_HEVC_H
#define SRC_SOURCE_FILM_HEVC_H

/* Inside of film: what a video stream itself says about its colours. */

#include "src/source/film.h"

/* data: a sequence parameter set of H.265 from its NAL header on, up to the next start code. Sets
 * transfer and matrix when it names them. */
void film_hevc(const unsigned char *data, size_t size, struct film *film);

/* The same from the record in which MP4 and Matroska keep the set (ISO/IEC 14496-15 §8.3.3.1). */
void film_hevc_record(const unsigned char *data, size_t size, struct film *film);

#endif
