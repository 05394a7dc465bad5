/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FUZZ_PARAM_H
#define TESTS_FUZZ_FUZZ_PARAM_H

/* What holds for every value that has passed. */

#include "src/recipe/param.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

/* A message is one line for a client: no control characters, an end within its bounds. */
__attribute__((unused)) static void fuzz_check_message(const char message[PARAM_MESSAGE_MAX])
{
	size_t len = strnlen(message, PARAM_MESSAGE_MAX);
	MUST(len > 0 && len < PARAM_MESSAGE_MAX);
	for (size_t i = 0; i < len; i++)
		MUST((unsigned char)message[i] >= 0x20 && message[i] != 0x7f);
}

__attribute__((unused)) static void fuzz_check_value(
	const struct param *param, const struct param_value *value)
{
	size_t len = strnlen(value->canonical, PARAM_CANONICAL_MAX);
	MUST(len < PARAM_CANONICAL_MAX);
	if (!value->present)
		return;
	/* A choice's mapped value is the administrator's; everything else could be the client's. */
	bool negative = !isnan(param->min) && param->min < 0;
	if (param->type != PARAM_CHOICE && !negative)
		MUST(value->canonical[0] != '-');
	if (param->type != PARAM_CHOICE)
		MUST(value->canonical[0] != '@');
	for (size_t i = 0; i < len; i++)
		MUST((unsigned char)value->canonical[i] >= 0x20 && value->canonical[i] != 0x7f);
	char spelt[PARAM_CANONICAL_MAX + 64], message[PARAM_MESSAGE_MAX];
	struct param_value again;
	if (!param_spell(param, value, spelt, sizeof spelt))
		return;
	MUST(param_parse(param, spelt, &again, message));
	MUST(again.present == value->present);
	MUST(strcmp(again.canonical, value->canonical) == 0);
	MUST(again.x == value->x && again.y == value->y && again.w == value->w &&
		again.h == value->h && again.number == value->number);
}

#endif
