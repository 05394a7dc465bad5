/* SPDX-License-Identifier: MIT */
/*
 * Values with units. A missing unit is never guessed: `timeout = 10` may mean minutes. The message
 * offers the likeliest meaning, and the administrator decides.
 */
#include "src/config/values.h"

#include "base/digits.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/digits.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* The units that are accepted, and what people write instead. */
static const struct unit durations[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {NULL, 0}};
static const char *const duration_aliases[][2] = {{"", "s"}, {"msec", "ms"}, {"millisecond", "ms"},
	{"milliseconds", "ms"}, {"sec", "s"}, {"secs", "s"}, {"second", "s"}, {"seconds", "s"},
	{"min", "m"}, {"mins", "m"}, {"minute", "m"}, {"minutes", "m"}, {"hr", "h"}, {"hour", "h"},
	{"hours", "h"}, {NULL, NULL}};
static const struct unit sizes[] = {{"", 1}, {"k", 1ull << 10}, {"K", 1ull << 10},
	{"M", 1ull << 20}, {"G", 1ull << 30}, {"T", 1ull << 40}, {NULL, 0}};
static const char *const size_aliases[][2] = {{"b", ""}, {"bytes", ""}, {"kb", "k"}, {"kib", "k"},
	{"m", "M"}, {"mb", "M"}, {"mib", "M"}, {"g", "G"}, {"gb", "G"}, {"gib", "G"}, {"t", "T"},
	{"tb", "T"}, {"tib", "T"}, {NULL, NULL}};
static const struct unit counts[] = {
	{"", 1}, {"k", 1000}, {"K", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0}};
static const char *const count_aliases[][2] = {
	{"m", "M"}, {"mp", "M"}, {"mpx", "M"}, {"g", "G"}, {"gp", "G"}, {NULL, NULL}};

enum { DIGITS_MAX = 18 }; /* so many fit into an int64_t */

/* Digits at the front of text; *rest is behind them. False: none, or too many. */
static bool leading_digits(const char *text, uint64_t *value, const char **rest)
{
	*rest = text;
	return digits_read(rest, DIGITS_MAX, value) > 0 && (**rest < '0' || **rest > '9');
}

/* "1.5G" → "1536M": decimals are not accepted, but the message can offer their meaning. */
static bool suggest_decimal(
	uint64_t whole, const char *rest, const struct unit *units, char *out, size_t size)
{
	uint64_t fraction;
	const char *unit;
	if (rest[0] != '.' || !leading_digits(rest + 1, &fraction, &unit) || unit - rest > 4)
		return false;
	double value = (double)whole + (double)fraction / pow(10, (double)(unit - rest - 1));
	for (const struct unit *from = units; from->name; from++) {
		if (strcmp(from->name, unit) != 0)
			continue;
		for (const struct unit *to = from; to >= units; to--) {
			double scaled = value * (double)from->factor / (double)to->factor;
			if (scaled == floor(scaled) && scaled < 1e15) {
				snprintf(out, size, "%.0f%s", scaled, to->name);
				return true;
			}
		}
	}
	return false;
}

static bool parse_unit(const char *text, const struct unit *units, const char *const (*aliases)[2],
	const char *examples, uint64_t *value, char *message)
{
	uint64_t number;
	const char *rest;
	char decimal[40];
	if (!leading_digits(text, &number, &rest)) {
		snprintf(message, CONFIG_MESSAGE_MAX, "write %s", examples);
		return false;
	}
	for (const struct unit *unit = units; unit->name; unit++) {
		if (strcmp(rest, unit->name) != 0)
			continue;
		if (!__builtin_mul_overflow(number, unit->factor, value) && *value <= INT64_MAX)
			return true;
		snprintf(message, CONFIG_MESSAGE_MAX, "too large");
		return false;
	}
	if (suggest_decimal(number, rest, units, decimal, sizeof(decimal))) {
		snprintf(message, CONFIG_MESSAGE_MAX, "did you mean %s?", decimal);
		return false;
	}
	const char *word = rest + strspn(rest, " ");
	const char *meant = NULL;
	for (const struct unit *unit = units; unit->name && !meant; unit++)
		if (strcasecmp(word, unit->name) == 0)
			meant = unit->name;
	for (size_t i = 0; aliases[i][0] && !meant; i++)
		if (strcasecmp(word, aliases[i][0]) == 0)
			meant = aliases[i][1];
	if (meant)
		snprintf(message, CONFIG_MESSAGE_MAX, "did you mean %llu%s?",
			(unsigned long long)number, meant);
	else
		snprintf(message, CONFIG_MESSAGE_MAX, "write %s", examples);
	return false;
}

/* "1m30s" → 90 s. */
static bool add_up(const char *text, uint64_t *ms)
{
	*ms = 0;
	while (*text) {
		uint64_t number;
		const char *rest;
		if (!leading_digits(text, &number, &rest) || number > 1000000)
			return false;
		const struct unit *unit = durations;
		size_t length = strspn(rest, "mshMSH");
		while (unit->name &&
			(strlen(unit->name) != length || strncmp(unit->name, rest, length) != 0))
			unit++;
		if (!unit->name)
			return false;
		*ms += number * unit->factor;
		text = rest + length;
	}
	return *ms > 0;
}

bool config_parse_duration(const char *text, uint64_t *ms, char message[CONFIG_MESSAGE_MAX])
{
	const uint64_t year = 366ull * 24 * 3600000;
	if (strcmp(text, "0") == 0) {
		*ms = 0;
		return true;
	}
	if (!parse_unit(text, durations, duration_aliases, "500ms, 10s, 5m or 1h", ms, message)) {
		if (add_up(text, ms))
			snprintf(message, CONFIG_MESSAGE_MAX, "did you mean %llu%s?",
				(unsigned long long)(*ms % 1000 ? *ms : *ms / 1000),
				*ms % 1000 ? "ms" : "s");
		return false;
	}
	if (*ms <= year)
		return true;
	snprintf(message, CONFIG_MESSAGE_MAX, "more than a year");
	return false;
}

bool config_parse_bytes(const char *text, uint64_t *bytes, char message[CONFIG_MESSAGE_MAX])
{
	return parse_unit(text, sizes, size_aliases,
		"64k, 512M, 1G or a number of bytes; 0 is no limit", bytes, message);
}

bool config_parse_count(const char *text, uint64_t *count, char message[CONFIG_MESSAGE_MAX])
{
	return parse_unit(text, counts, count_aliases, "100M (a hundred million) or a plain number",
		count, message);
}

bool config_parse_integer(const char *text, uint64_t min, uint64_t max, uint64_t *value,
	char message[CONFIG_MESSAGE_MAX])
{
	const char *rest;
	uint64_t number;
	if (leading_digits(text, &number, &rest) && *rest == '\0' && number >= min &&
		number <= max) {
		*value = number;
		return true;
	}
	snprintf(message, CONFIG_MESSAGE_MAX, "write a whole number from %llu to %llu",
		(unsigned long long)min, (unsigned long long)max);
	return false;
}

bool config_parse_bool(const char *text, bool *value, char message[CONFIG_MESSAGE_MAX])
{
	static const char *const names[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcasecmp(text, names[i]) == 0) {
			*value = i % 2;
			return true;
		}
	}
	snprintf(message, CONFIG_MESSAGE_MAX, "write true or false");
	return false;
}

bool config_parse_number(const char *text, double *value)
{
	const char *digits = text + (*text == '-');
	size_t whole = strspn(digits, "0123456789");
	const char *end = digits + whole;
	if (*end == '.') {
		size_t fraction = strspn(end + 1, "0123456789");
		if (fraction == 0)
			return false;
		end += 1 + fraction;
	}
	if (whole == 0 || *end != '\0' || end - text > 30)
		return false;
	*value = strtod(text, NULL);
	return isfinite(*value);
}

bool config_parse_seconds(const char *text, double *value)
{
	double total = 0;
	for (int colons = 0; colons < 3; colons++) {
		const char *colon = strchr(text, ':');
		if (!colon) {
			double seconds;
			if (!config_parse_number(text, &seconds) ||
				(colons > 0 && (seconds < 0 || seconds >= 60)))
				return false;
			*value = total * 60 + seconds;
			return true;
		}
		uint64_t part;
		const char *rest;
		if (!leading_digits(text, &part, &rest) || rest != colon || part > 999999)
			return false;
		total = total * 60 + (double)part;
		text = colon + 1;
	}
	return false;
}

bool config_parse_size(const char *text, unsigned *w, unsigned *h)
{
	uint64_t width, height;
	const char *rest;
	if (!leading_digits(text, &width, &rest) || *rest != 'x' ||
		!leading_digits(rest + 1, &height, &rest) || *rest != '\0' || width < 1 ||
		width > 65535 || height < 1 || height > 65535)
		return false;
	*w = (unsigned)width;
	*h = (unsigned)height;
	return true;
}

/* Names that are longer are compared with nothing: this bounds the work. */
enum { NAME_MAX_LEN = 40 };

/* How many letters must be inserted, removed, replaced or swapped. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][NAME_MAX_LEN + 1];
	size_t la = strlen(a), lb = strlen(b);
	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	size_t *before = rows[0], *last = rows[1], *now = rows[2];
	for (size_t j = 0; j <= lb; j++)
		last[j] = j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
			best = last[j] + 1 < best ? last[j] + 1 : best;
			best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		size_t *free_row = before;
		before = last;
		last = now;
		now = free_row;
	}
	return last[lb];
}

const char *config_nearest(const char *text, const char *const *names)
{
	const char *best = NULL;
	size_t length = strlen(text);
	size_t least = length < 5   ? 2
		       : length < 8 ? 3
				    : 4; /* one more than the number of letters that may differ */
	if (length == 0 || length > NAME_MAX_LEN)
		return NULL;
	for (; *names; names++) {
		size_t d = strcasecmp(text, *names) == 0 ? 0 : distance(text, *names);
		/* only the beginning of a long name was written */
		if (length >= 3 && d >= 2 && strncasecmp(text, *names, length) == 0)
			d = 2;
		if (d < least && d < strlen(*names)) {
			least = d;
			best = *names;
		}
	}
	return best;
}

int config_parse_name(const char *text, const char *const *names, char message[CONFIG_MESSAGE_MAX])
{
	for (int i = 0; names[i]; i++)
		if (strcmp(text, names[i]) == 0)
			return i;
	const char *nearest = config_nearest(text, names);
	if (nearest) {
		snprintf(message, CONFIG_MESSAGE_MAX, "did you mean %s?", nearest);
		return -1;
	}
	size_t used = (size_t)snprintf(message, CONFIG_MESSAGE_MAX, "write one of");
	for (int i = 0; names[i] && used + strlen(names[i]) + 3 < CONFIG_MESSAGE_MAX; i++)
		used += (size_t)snprintf(
			message + used, CONFIG_MESSAGE_MAX - used, "%s %s", i ? "," : "", names[i]);
	return -1;
}
