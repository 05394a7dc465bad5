/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_PARAM_H
#define SRC_RECIPE_PARAM_H

/*
 * Parameters: declared type and bounds, checked values in canonical form. A value that passed can
 * be a part of one argv element and nothing else. Pure, any thread.
 *
 * type      accepts (examples)                       canonical form
 * size      300x200, 300x, x200, 300 (= 300x)        300x200, 300x, x200     parts w h; max = "4096x4096", min = "1x1"
 * integer   82, -3 (where min allows)                82                      no leading zeros or plus
 * number    0.5, 2, -1.25                            0.5                     at most 6 decimals, no trailing zeros
 * time      90.5, 1:30.5, 1:02:03                    90.5                    seconds, at most 3 decimals
 * position  as time, a place in the source           as time, or absent      the beginning, 0, is absent; behind the end: 400
 * choice    one of `values`                          the mapped value        "cover=^": cover in the URL, ^ in argv; "a": itself
 * color     fff, ffffff, ffffffff, red (CSS basic)   #rrggbb or #rrggbbaa
 * region    X,Y,WxH  (10,20,300x200)                 300x200+10+20           parts x y w h
 * flag      1/true/yes/on/(empty), 0/false/no/off    1, or absent when false
 * format    one of `values` (names of media types)   webp                    absent: negotiated from Accept
 * text      at most `max` bytes (default 64)         itself                  letters, digits, space and `allow`; UTF-8
 *
 * Bounds that are not given: integer 0 to 2147483647, number and time 0 to 9e9. A side of a size or
 * region is never 0; x and y of a region are from 0 to 65535. Colours may be in capitals, no other
 * type may. Behind a colon, a time has two digits, below 60. A text never has a control character
 * or a leading '-' or '@', and is not empty unless min = 0.
 *
 * param_kind.h has the table of types.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PARAM_VALUES_MAX = 32,
	PARAM_NAME_MAX = 32,
	PARAM_CANONICAL_MAX = 256,
	PARAM_MESSAGE_MAX = 256
};

enum param_type {
	PARAM_SIZE,
	PARAM_INTEGER,
	PARAM_NUMBER,
	PARAM_TIME,
	PARAM_POSITION,
	PARAM_CHOICE,
	PARAM_COLOR,
	PARAM_REGION,
	PARAM_FLAG,
	PARAM_FORMAT,
	PARAM_TEXT,
};
enum { PARAM_TYPES = PARAM_TEXT + 1 };

/* -1 when there is no such type. */
int param_type_from_name(const char *name);
const char *param_type_name(enum param_type type);

struct param_choice {
	char *name;   /* in the URL */
	char *mapped; /* in argv; may be "" */
};

struct param {
	char *name;
	enum param_type type;
	bool required;
	/* NULL: none. When the configuration is read, it is checked like a value from the URL. */
	char *default_text;
	/* integer, number, time: the bounds in their unit; text: max = bytes. NAN: not given */
	double min, max;
	/* size, region: bounds of the parts; 0: not given (then 1 and 65535) */
	unsigned min_w, min_h, max_w, max_h;
	size_t value_count; /* choice, format */
	struct param_choice values[PARAM_VALUES_MAX];
	char *allow; /* text: further characters that are accepted */
};

struct param_value {
	bool present;
	char canonical[PARAM_CANONICAL_MAX]; /* what {name} becomes */
	/* size and region parts; -1: absent (300x has no h) */
	long x, y, w, h;
	double number; /* integer, number, time; what {name*2} multiplies (size: its parts) */
};

/* Checks the name: a letter, then up to 31 letters, digits, '-' and '_'; not reserved. Returns
 * true, or false with one line in message. */
bool param_check_name(const struct param *param, char message[PARAM_MESSAGE_MAX]);

/* Checks the whole declaration, bounds and default included; the configuration calls it. Returns
 * true, or false with one line in message. */
bool param_check(const struct param *param, char message[PARAM_MESSAGE_MAX]);

/* Checks text. Returns true and fills *value, or false with the line of param_describe in message,
 * e.g. "size: 300x200, 300x or x200, at most 4096x4096". The line never repeats the text. */
bool param_parse(const struct param *param, const char *text, struct param_value *value,
	char message[PARAM_MESSAGE_MAX]);

/* One line for the client: the name of the parameter and what it accepts. */
void param_describe(const struct param *param, char message[PARAM_MESSAGE_MAX]);

/* Some value that the parameter accepts, as a URL spells it. False when there is none. */
bool param_sample(const struct param *param, char *out, size_t size);

/* The value as a URL spells it; param_parse of it gives the same value. False for a choice, whose
 * value does not tell what stood in the URL. */
bool param_spell(
	const struct param *param, const struct param_value *value, char *out, size_t size);

/* The index of the parameter of this name; -1: there is none. */
int param_find(const struct param *params, size_t count, const char *name, size_t length);

/* Frees what the struct points to, not the struct. */
void param_clear(struct param *param);

#endif
