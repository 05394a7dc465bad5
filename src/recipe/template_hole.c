/* SPDX-License-Identifier: MIT */
/*
 * name[.part][*factor][|default], read when the configuration is: a recipe that names a parameter
 * that it does not have, or the height of a colour, must fail then and not with the first request.
 */
#include "base/text.h"
#include "src/recipe/decimal.h"
#include "src/recipe/param_kind.h"
#include "src/recipe/template_compiled.h"

#include <stdlib.h>
#include <string.h>

static bool is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(text, word, len);
}

static bool refuse(struct text *error, const char *text, size_t len, const char *why)
{
	text_printf(error, "run: {%.*s}: %s", (int)(len < 60 ? len : 60), text, why);
	return false;
}

static bool parse_own(const char *text, size_t len, struct piece *piece)
{
	static const struct {
		const char *name;
		enum piece_kind kind;
	} own[] = {
		{"source", PIECE_SOURCE},
		{"source.fd", PIECE_SOURCE_FD},
		{"source.format", PIECE_SOURCE_FORMAT},
		{"output", PIECE_OUTPUT},
	};
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		if (is(text, len, own[i].name)) {
			piece->kind = own[i].kind;
			return true;
		}
	}
	return false;
}

/* {source.NAME} and {source.NAME|default} */
static bool parse_fact(const char *text, size_t len, struct piece *piece, struct text *error)
{
	static const char *const names[TEMPLATE_FACTS] = {
		[TEMPLATE_DURATION] = "source.duration",
		[TEMPLATE_VIDEO] = "source.video",
		[TEMPLATE_SOUND] = "source.sound",
		[TEMPLATE_MATRIX] = "source.matrix",
		[TEMPLATE_TRANSFER] = "source.transfer",
		[TEMPLATE_WIDTH] = "source.width",
		[TEMPLATE_HEIGHT] = "source.height",
		[TEMPLATE_ORIENTATION] = "source.orientation",
		[TEMPLATE_ORIENTATION_NAME] = "source.orientation.name",
		[TEMPLATE_FRAMES] = "source.frames",
		[TEMPLATE_ALPHA] = "source.alpha",
		[TEMPLATE_PROFILE] = "source.profile",
		[TEMPLATE_INVERTED] = "source.inverted",
		[TEMPLATE_CANVAS] = "source.canvas",
	};
	const char *bar = memchr(text, '|', len);
	size_t name_len = bar ? (size_t)(bar - text) : len, i = 0;
	while (i < TEMPLATE_FACTS && !is(text, name_len, names[i]))
		i++;
	if (i == TEMPLATE_FACTS)
		return false;
	piece->kind = PIECE_FACT;
	piece->param = i;
	if (bar && !(piece->text = strndup(bar + 1, len - name_len - 1)))
		text_puts(error, "run: out of memory");
	return true;
}

/* The sign of what is added, before `end`; `end` when there is none. A name may have a '-' itself,
 * so the longer name comes first. */
static const char *find_offset(const char *text, const char *end, const struct param *params,
	size_t param_count, int64_t *offset)
{
	const char *sign = end;
	*offset = 0;
	if (param_find(params, param_count, text, (size_t)(end - text)) >= 0)
		return end;
	while (sign > text && *--sign != '+' && *sign != '-')
		;
	if (*sign != '+' && *sign != '-')
		return end;
	if (!decimal_parse(sign + 1, (size_t)(end - sign) - 1, DECIMAL_PLACES, offset))
		return end;
	if (*sign == '-')
		*offset = -*offset;
	return sign;
}

bool template_parse_hole(const char *text, size_t len, const struct param *params,
	size_t param_count, struct piece *piece, struct text *error)
{
	*piece = (struct piece){.kind = PIECE_PARAM};
	if (parse_own(text, len, piece))
		return true;
	if (parse_fact(text, len, piece, error))
		return error->len == 0;
	const char *end = text + len;
	const char *bar = memchr(text, '|', len);
	const char *value_end = bar ? bar : end;
	const char *left_end = find_offset(text, value_end, params, param_count, &piece->offset);
	const char *star = memchr(text, '*', (size_t)(left_end - text));
	const char *name_end = star ? star : left_end;
	const char *dot = memchr(text, '.', (size_t)(name_end - text));
	size_t name_len = (size_t)((dot ? dot : name_end) - text);

	int index = param_find(params, param_count, text, name_len);
	if (index < 0)
		return refuse(error, text, len, "no such parameter");
	piece->param = (size_t)index;
	const struct param_kind *kind = &param_kinds[params[index].type];
	piece->droppable = kind->may_be_empty;
	if (dot) {
		if (name_end - dot != 2 || !strchr(kind->parts, dot[1]))
			return refuse(error, text, len,
				"its type has no such part (size has w and h, region x, y, w and "
				"h)");
		piece->part = dot[1];
	}
	if (star) {
		if (!kind->scales)
			return refuse(error, text, len, "this type cannot be multiplied");
		if (!decimal_parse(star + 1, (size_t)(left_end - star) - 1, DECIMAL_PLACES,
			    &piece->factor) ||
			piece->factor <= 0 || piece->factor > 1000 * (int64_t)DECIMAL_ONE)
			return refuse(error, text, len, "a factor is a number up to 1000");
	}
	if (piece->offset && !param_is_number(kind))
		return refuse(error, text, len, "nothing can be added to this type");
	if (bar) {
		piece->text = strndup(bar + 1, (size_t)(end - bar) - 1);
		if (!piece->text)
			return refuse(error, text, len, "out of memory");
	}
	return true;
}
