/* SPDX-License-Identifier: MIT */
/*
 * The loops of kernel.h for processors with AVX2, where the build (PICTURE_AVX2) and the C library
 * know of it. The results are the same, to the bit.
 */
#ifndef PICTURE_KERNEL_AVX2_H
#define PICTURE_KERNEL_AVX2_H

#include "picture/kernel.h"

#if defined PICTURE_AVX2 && __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
/* The C library has asked the processor already; in a virtual machine each question is dear. */
#define KERNEL_AVX2 CPU_FEATURE_ACTIVE(AVX2)
#else
#define KERNEL_AVX2 0
#endif

void kernel_row_avx2(const struct kernel *kernel, const int16_t *row, int16_t *out);
void kernel_bytes_avx2(const uint8_t *const *rows, const int16_t *weights, uint32_t taps,
	int16_t *out, size_t count);
void kernel_words_avx2(const int16_t *const *rows, const int16_t *weights, uint32_t taps,
	int16_t *out, size_t count);

#endif
