/* SPDX-License-Identifier: MIT */
/* A path nearly fits when it begins like the URL. That finds a misspelt hole, a missing segment and
 * a wrong end; what begins otherwise is a guess that misleads more than it helps. */
#include "src/command/refusal.h"

#include <string.h>

#include "base/text.h"

enum { SHOWN_MAX = 5 };

/* How many bytes of the path the recipe's path begins with, up to its first hole. */
static size_t nearness(const struct recipe *recipe, const char *path)
{
	const char *text = pattern_text(recipe->path);
	size_t length = 0;
	while (text[length] && text[length] != '{' && text[length] == path[length])
		length++;
	return length;
}

static void print_recipe(const struct plan *plan, const struct recipe *recipe, FILE *out)
{
	fprintf(out, "  %s  %s%s\n", recipe->name, plan->config->prefix,
		pattern_text(recipe->path));
}

/* Those with the longest common beginning; when it is only the first slash, all of them. */
static void print_near(const struct plan *plan, FILE *out)
{
	const struct config *config = plan->config;
	const char *path = plan->query.path + strlen(config->prefix);
	size_t best = 1, shown = 0;
	for (size_t i = 0; i < config->recipe_count; i++) {
		size_t length = nearness(config->recipes[i], path);
		best = length > best ? length : best;
	}
	fputs(best > 1 ? "the recipes whose paths come nearest:\n" : "the paths of the recipes:\n",
		out);
	for (size_t i = 0; i < config->recipe_count; i++) {
		if (nearness(config->recipes[i], path) < best)
			continue;
		if (shown++ < SHOWN_MAX)
			print_recipe(plan, config->recipes[i], out);
	}
	if (shown > SHOWN_MAX)
		fprintf(out, "  and %zu more\n", shown - SHOWN_MAX);
}

/* Whoever sent the URL to the operator chose the name: it is escaped for the terminal. */
static void print_place(const struct plan *plan, FILE *out)
{
	char buffer[4 * QUERY_URI_MAX + 8];
	struct text name;
	text_init(&name, buffer, sizeof buffer);
	text_escaped(&name, plan->source_name, QUERY_URI_MAX);
	fprintf(out, "looked for: %s beneath %s\n", name.data, plan->config->root);
}

void refusal_print(const struct plan *plan, enum outcome outcome, FILE *out)
{
	int status = outcome_status(outcome);
	fprintf(out, "sluice: %d %s: %s\n", status, outcome_reason(status), plan->message);
	if (strcmp(plan->reason, plan->message) != 0)
		fprintf(out, "reason: %s\n", plan->reason);
	if (plan->source_name)
		print_place(plan, out);
	else if (outcome == OUTCOME_NOT_FOUND && plan->unmatched)
		print_near(plan, out);
}
