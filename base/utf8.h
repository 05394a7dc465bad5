/* SPDX-License-Identifier: MIT */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

/* UTF-8 from outside, one code point at a time (RFC 3629). Pure, any thread. */

#include <stddef.h>
#include <stdint.h>

/* Decodes the code point at data[0]. Returns its length in bytes, 0 when it is malformed (overlong,
 * a surrogate, beyond U+10FFFF), -1 when the data ends within one that is fine so far. */
int utf8_next(const unsigned char *data, size_t size, uint32_t *code);

#endif
