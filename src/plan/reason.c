/* SPDX-License-Identifier: MIT */
#include "src/plan/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "src/source/obstacle.h"

void reason_set(struct plan *plan, const char *format, ...)
{
	struct text text;
	va_list args;
	text_init(&text, plan->reason, sizeof plan->reason);
	va_start(args, format);
	text_vprintf(&text, format, args);
	va_end(args);
}

void reason_of_root(struct plan *plan, int error)
{
	struct text text;
	text_init(&text, plan->reason, sizeof plan->reason);
	text_puts(&text, "the root ");
	text_escaped(&text, plan->config->root, PLAN_REASON_MAX / 2);
	text_puts(&text, ": ");
	text_error(&text, error);
}

void reason_of_source(struct plan *plan, int root_fd)
{
	const struct source *source = &plan->source;
	struct text text;
	if (source->error == EACCES && faccessat(root_fd, ".", X_OK, AT_EACCESS) < 0) {
		reason_of_root(plan, EACCES);
		return;
	}
	text_init(&text, plan->reason, sizeof plan->reason);
	source_obstacle(root_fd, plan->source_name, source, &text);
}

/* "gif (animated only), jpeg". */
static void put_types(struct text *text, const struct recipe *recipe)
{
	bool first = true;
	for (int type = 0; type < MEDIA_TYPES; type++) {
		const uint64_t bit = UINT64_C(1) << type;
		if (!(recipe->sources & bit))
			continue;
		text_printf(text, "%s%s", first ? "" : ", ", media_name((enum media_type)type));
		if ((recipe->animated | recipe->still | recipe->plain) & bit)
			text_printf(text, " (%s only)", recipe_source_kind(recipe, bit) + 1);
		first = false;
	}
}

void reason_of_type(struct plan *plan, const struct recipe *recipe, bool first)
{
	const struct source *source = &plan->source;
	char buffer[PLAN_REASON_MAX];
	struct text text;
	text_init(&text, buffer, sizeof buffer);
	if (first)
		text_printf(&text, "the source's type is %s%s",
			source->size == 0 ? "unknown (it is empty)"
					  : media_name(source->sniff.type),
			source->looked && source->picture.frames > 1 ? " (animated)" : "");
	else
		text_puts(&text, plan->reason);
	text_printf(&text, "; recipe '%s' takes ", recipe->name);
	put_types(&text, recipe);
	reason_set(plan, "%s", text.data);
}
