/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_DECIMAL_H
#define SRC_RECIPE_DECIMAL_H

/*
 * Decimal numbers of URLs and templates. They are exact, in millionths; neither the locale nor the
 * rounding of binary fractions has a part in them. Pure, any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DECIMAL_ONE = 1000000, DECIMAL_PLACES = 6, DECIMAL_TEXT_MAX = 32 };

/* The largest magnitude that is accepted. A thousand times as much still fits into an int64_t of
 * millionths. */
#define DECIMAL_LIMIT 9000000000

/* Accepts -?(0|[1-9][0-9]*)(\.[0-9]{1,places})? and nothing else; "-0" is no number. */
bool decimal_parse(const char *text, size_t len, int places, int64_t *millionths);

/* The shortest text of it: "0.5", "-3", "90". */
void decimal_format(int64_t millionths, char out[DECIMAL_TEXT_MAX]);

/* a * b, rounded to the nearest millionth, halves away from zero. A product beyond INT64_MAX
 * becomes INT64_MAX. */
int64_t decimal_multiply(int64_t a, int64_t b);

/* Digits only, no leading zero, at most `max`. Returns false for anything else. */
bool decimal_parse_unsigned(const char *text, size_t len, unsigned long max, unsigned long *value);

#endif
