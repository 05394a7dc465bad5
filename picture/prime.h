/* SPDX-License-Identifier: MIT */
#ifndef PICTURE_PRIME_H
#define PICTURE_PRIME_H

/* For a recipe's `prime`: what libraries do once, such as asking the processor what it can, is done
 * before there is a picture, and the libraries are loaded. Each may be called by its name alone and
 * more than once; the argument is not used. Each returns 0 or a fault. */

/* For JPEG as the source, and JPEG or WebP as the result. */
int sluice_picture_prime_photo(const char *program);

/* For all formats but AVIF, HEIC and TIFF. */
int sluice_picture_prime(const char *program);

/* For all formats. */
int sluice_picture_prime_heavy(const char *program);

#endif
