/* SPDX-License-Identifier: MIT */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

/* Numbers from outside, digit by digit: strtoull(3) takes signs, blanks and 0x as well. Pure, any
 * thread. */

#include <stddef.h>
#include <stdint.h>

/* Reads decimal digits at *at, `most` at most, and moves *at behind them. *value is UINT64_MAX when
 * the number is larger. Returns how many digits there were; 0: none, and *value is 0. */
size_t digits_read(const char **at, size_t most, uint64_t *value);

/* The value of a hexadecimal digit, -1 when it is none. */
int digits_hex_value(char c);

#endif
