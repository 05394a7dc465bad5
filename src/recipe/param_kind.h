/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_PARAM_KIND_H
#define SRC_RECIPE_PARAM_KIND_H

/*
 * The types of parameters: one row each, in the table of param_kinds.c. Reading a value, its
 * canonical form, the line for the client, parts and factors in templates, the bounds that a
 * declaration may have, and a sample for `sluice train` and for the fuzzers are made from the row.
 *
 * To add a type: add it to enum param_type (param.h), add a row to the table, and describe it in
 * doc/sluice.conf.5.
 */

#include <math.h>

#include "base/text.h"
#include "src/recipe/param.h"

/* What min and max of a declaration mean. */
enum param_bounds {
	PARAM_BOUNDS_NONE,
	PARAM_BOUNDS_NUMBER,
	PARAM_BOUNDS_WHOLE,   /* a whole number */
	PARAM_BOUNDS_SECONDS, /* a number, never negative */
	PARAM_BOUNDS_BYTES,   /* of a text */
	PARAM_BOUNDS_SIDES,   /* 4096x4096 */
};

struct param_kind {
	const char *name;
	enum param_bounds bounds;
	double min, max;   /* the bounds that are in force when none are given */
	bool has_values;   /* the declaration lists what is accepted */
	bool has_allow;	   /* the declaration may allow further characters */
	bool may_be_empty; /* a value may be "" in argv */
	const char *parts; /* letters behind the point: {size.w} */
	bool scales;	   /* {name*2} */
	/* Fills *value, which is set to "absent" before, with the canonical form. False when text
	 * is no value of this type or is out of bounds. */
	bool (*parse)(const struct param_kind *kind, const struct param *param, const char *text,
		struct param_value *value);
	/* Appends what is accepted, for the client. */
	void (*describe)(
		const struct param_kind *kind, const struct param *param, struct text *out);
	/* Appends a value that is accepted. */
	void (*sample)(const struct param *param, struct text *out);
	/* Appends the value as a URL spells it; NULL: as the canonical form. */
	void (*spell)(const struct param_value *value, struct text *out);
};

/* By enum param_type. */
extern const struct param_kind param_kinds[PARAM_TYPES];

/* A single number, to which a template may add something. */
static inline bool param_is_number(const struct param_kind *kind)
{
	return kind->bounds == PARAM_BOUNDS_NUMBER || kind->bounds == PARAM_BOUNDS_WHOLE ||
	       kind->bounds == PARAM_BOUNDS_SECONDS;
}

/* The bounds in force. */
static inline double param_min(const struct param_kind *kind, const struct param *param)
{
	return isnan(param->min) ? kind->min : param->min;
}

static inline double param_max(const struct param_kind *kind, const struct param *param)
{
	return isnan(param->max) ? kind->max : param->max;
}

enum { PARAM_PART_MAX = 65535, PARAM_TEXT_MAX = 64 };

struct param_sides {
	unsigned min_w, min_h, max_w, max_h;
};

struct param_sides param_sides(const struct param *param);

/* Appends "1 to 100", the bounds in force. */
void param_put_range(const struct param_kind *kind, const struct param *param, struct text *out);

#endif
