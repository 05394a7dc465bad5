/* SPDX-License-Identifier: MIT */
/*
 * strtod(3) accepts "1e5", "0x10", "nan", " 5" and, in some locales, another decimal point. A
 * binary fraction that is printed again is not what was written. Therefore numbers are read digit
 * by digit into millionths.
 */
#include "src/recipe/decimal.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/digits.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads the longest run of digits at text, at most len of them. False when there is none, for a
 * leading zero, and beyond the limit. */
static bool read_whole(const char *text, size_t len, size_t *count, int64_t *whole)
{
	const char *at = text;
	uint64_t value;
	*count = digits_read(&at, len, &value);
	if (*count == 0 || value > DECIMAL_LIMIT || (*count > 1 && text[0] == '0'))
		return false;
	*whole = (int64_t)value;
	return true;
}

bool decimal_parse(const char *text, size_t len, int places, int64_t *millionths)
{
	bool negative = len > 0 && text[0] == '-';
	size_t at = negative ? 1 : 0;
	size_t digits;
	int64_t whole;
	if (!read_whole(text + at, len - at, &digits, &whole))
		return false;
	at += digits;
	int64_t sum = whole * DECIMAL_ONE;
	if (at < len) {
		if (text[at++] != '.' || at == len || len - at > (size_t)places)
			return false;
		for (int64_t unit = DECIMAL_ONE / 10; at < len; at++, unit /= 10) {
			if (!is_digit(text[at]))
				return false;
			sum += (text[at] - '0') * unit;
		}
	}
	if (sum > DECIMAL_LIMIT * (int64_t)DECIMAL_ONE || (negative && sum == 0))
		return false;
	*millionths = negative ? -sum : sum;
	return true;
}

void decimal_format(int64_t millionths, char out[DECIMAL_TEXT_MAX])
{
	uint64_t size = millionths < 0 ? -(uint64_t)millionths : (uint64_t)millionths;
	uint64_t fraction = size % DECIMAL_ONE;
	const char *sign = millionths < 0 ? "-" : "";
	if (fraction == 0) {
		snprintf(out, DECIMAL_TEXT_MAX, "%s%" PRIu64, sign, size / DECIMAL_ONE);
		return;
	}
	int places = DECIMAL_PLACES;
	for (; fraction % 10 == 0; fraction /= 10)
		places--;
	snprintf(out, DECIMAL_TEXT_MAX, "%s%" PRIu64 ".%0*" PRIu64, sign, size / DECIMAL_ONE,
		places, fraction);
}

int64_t decimal_multiply(int64_t a, int64_t b)
{
	const bool negative = (a < 0) != (b < 0);
	const uint64_t x = a < 0 ? -(uint64_t)a : (uint64_t)a;
	const uint64_t y = b < 0 ? -(uint64_t)b : (uint64_t)b;
	/* Only the product of the two fractions has millionths of millionths. A processor of 32
	 * bits has no wider integer. */
	const uint64_t least =
		(x % DECIMAL_ONE * (y % DECIMAL_ONE) + DECIMAL_ONE / 2) / DECIMAL_ONE;
	uint64_t by_whole, by_fraction, product;
	bool large = __builtin_mul_overflow(x / DECIMAL_ONE, y, &by_whole);
	large |= __builtin_mul_overflow(x % DECIMAL_ONE, y / DECIMAL_ONE, &by_fraction);
	large |= __builtin_add_overflow(by_whole, by_fraction, &product);
	large |= __builtin_add_overflow(product, least, &product);
	if (large || product > INT64_MAX)
		product = INT64_MAX;
	return negative ? -(int64_t)product : (int64_t)product;
}

bool decimal_parse_unsigned(const char *text, size_t len, unsigned long max, unsigned long *value)
{
	size_t digits;
	int64_t whole;
	if (!read_whole(text, len, &digits, &whole) || digits != len || (uint64_t)whole > max)
		return false;
	*value = (unsigned long)whole;
	return true;
}
