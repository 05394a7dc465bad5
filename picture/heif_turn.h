/* SPDX-License-Identifier: MIT */
/* How a picture in a HEIF file is to be turned. */
#ifndef PICTURE_HEIF_TURN_H
#define PICTURE_HEIF_TURN_H

#include <stddef.h>
#include <stdint.h>

/* The orientation, as EXIF counts it, of an item of the file; 0 when it is not only turned but also
 * mirrored or cut, or when the file cannot be understood. */
unsigned heif_turn_of(const uint8_t *bytes, size_t length, uint32_t item);

#endif
