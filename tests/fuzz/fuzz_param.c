/* SPDX-License-Identifier: MIT */
/*
 * A declaration and a value, both from the input: type, bounds, values, default, then the text of a
 * client. Lines: type and flags (two bytes), min, max, allow, default, values with commas, and the
 * value to the end.
 */
#include "src/recipe/param_kind.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_param.h"

#include <math.h>

static void read_values(struct param *param, char *text)
{
	for (char *save, *item = strtok_r(text, ",", &save); item;
		item = strtok_r(NULL, ",", &save)) {
		if (param->value_count == PARAM_VALUES_MAX)
			return;
		char *equals = strchr(item, '=');
		struct param_choice *choice = &param->values[param->value_count++];
		choice->name = equals ? strndup(item, (size_t)(equals - item)) : strdup(item);
		choice->mapped = strdup(equals ? equals + 1 : item);
	}
}

static void read_bounds(struct param *param, const char *min, const char *max)
{
	if (param_kinds[param->type].bounds == PARAM_BOUNDS_SIDES) {
		sscanf(min, "%5ux%5u", &param->min_w, &param->min_h);
		sscanf(max, "%5ux%5u", &param->max_w, &param->max_h);
		return;
	}
	param->min = *min ? atof(min) : (double)NAN;
	param->max = *max ? atof(max) : (double)NAN;
}

static void check(const struct param *param, const char *text)
{
	char message[PARAM_MESSAGE_MAX] = "";
	struct param_value value;
	if (!param_check(param, message)) {
		MUST(strnlen(message, sizeof message) < sizeof message && *message);
		return;
	}
	message[0] = '\0';
	if (param_parse(param, text, &value, message))
		fuzz_check_value(param, &value);
	else {
		fuzz_check_message(message);
		MUST(!value.present);
	}
	if (param->default_text)
		MUST(param_parse(param, param->default_text, &value, message));
	char sample[PARAM_CANONICAL_MAX + 64];
	if (param_sample(param, sample, sizeof sample))
		MUST(param_parse(param, sample, &value, message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = {data, size};
	struct param param = {.name = strdup("p"),
		.type = fuzz_byte(&bytes) % PARAM_TYPES,
		.min = NAN,
		.max = NAN};
	unsigned flags = fuzz_byte(&bytes);
	char *min = fuzz_text(&bytes, '\n'), *max = fuzz_text(&bytes, '\n');
	char *allow = fuzz_text(&bytes, '\n'), *standard = fuzz_text(&bytes, '\n');
	char *values = fuzz_text(&bytes, '\n'), *text = fuzz_text(&bytes, '\0');
	param.required = flags & 1;
	read_bounds(&param, min, max);
	read_values(&param, values);
	if (flags & 2)
		param.allow = strdup(allow);
	if (flags & 4)
		param.default_text = strdup(standard);
	check(&param, text);
	param_clear(&param);
	free(min);
	free(max);
	free(allow);
	free(standard);
	free(values);
	free(text);
	return 0;
}
