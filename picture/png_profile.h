/* SPDX-License-Identifier: MIT */
/* The ICC profile in a PNG. */
#ifndef PICTURE_PNG_PROFILE_H
#define PICTURE_PNG_PROFILE_H

#include "picture/png_file.h"

/* Reads the data of an iCCP chunk; one that makes no sense is no profile. Returns 0 or a fault. */
int png_profile_read(struct png_file *file, const uint8_t *bytes, size_t length);

#endif
