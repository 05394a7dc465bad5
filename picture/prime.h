/* SPDX-License-Identifier: MIT */
#ifndef PICTURE_PRIME_H
#define PICTURE_PRIME_H

/* For a recipe's `prime`: what libraries do once, such as asking the processor what it can, is done
 * before there is a picture. It may be called by its name alone and more than once; the argument is
 * not used. Returns 0. */
int sluice_picture_prime(const char *program);

/* The same, and for AVIF, HEIC and TIFF, whose libraries are loaded. */
int sluice_picture_prime_heavy(const char *program);

#endif
