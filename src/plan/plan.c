/* SPDX-License-Identifier: MIT */
/* Cheap checks come first. A client cannot tell a missing file from a forbidden one. The source is
 * opened before the parameters are checked, because two recipes may share a path and the type of
 * the source decides between them. */
#include "src/plan/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "src/plan/facts.h"

static bool takes(const struct recipe *recipe, struct source *source)
{
	const uint64_t type = UINT64_C(1) << source->sniff.type;
	if (recipe->sources == 0)
		return true;
	if (!(recipe->sources & type))
		return false;
	if (!((recipe->animated | recipe->still | recipe->plain) & type))
		return true;
	source_look(source);
	const struct picture *picture = &source->picture;
	if ((recipe->animated & type) && picture->frames < 2)
		return false;
	if ((recipe->still & type) && picture->frames > 1)
		return false;
	return picture->plain || !(recipe->plain & type);
}

/* Nothing is transparent in it, as far as is known. */
static bool is_opaque(const struct source *source)
{
	return source->looked && source->picture.frames > 0 && !source->picture.alpha;
}

/* Returns the path behind the prefix, NULL when the path does not begin with it. */
static const char *strip_prefix(const char *path, const char *prefix)
{
	size_t length = strlen(prefix);
	if (strncmp(path, prefix, length) != 0 || path[length] != '/')
		return NULL;
	return path + length;
}

/* Finds the first recipe whose path, source types and `where` match. */
static enum outcome find_recipe(
	struct plan *plan, int root_fd, const char *path, const char *accept)
{
	const struct config *config = plan->config;
	enum outcome outcome = OUTCOME_NOT_FOUND;
	char opened[QUERY_URI_MAX] = "";
	for (size_t i = 0; i < config->recipe_count; i++) {
		const struct recipe *recipe = config->recipes[i];
		if (!pattern_matches(recipe->path, path, &plan->match))
			continue;
		plan->source_name = pattern_match_get(&plan->match, "source");
		if (plan->source.fd < 0 || strcmp(opened, plan->source_name) != 0) {
			plan->searched = opened[0] != '\0';
			source_close(&plan->source);
			int r = source_open(root_fd, plan->source_name, &plan->source);
			plan->error = plan->source.error;
			if (r == SOURCE_E_UNAVAILABLE || r == SOURCE_E_SHORTAGE)
				return r == SOURCE_E_SHORTAGE ? OUTCOME_OVERLOADED
							      : OUTCOME_INTERNAL;
			snprintf(opened, sizeof opened, "%s", plan->source_name);
			if (r != 0)
				continue;
		}
		if (!takes(recipe, &plan->source)) {
			outcome = outcome == OUTCOME_NOT_FOUND ? OUTCOME_SOURCE_TYPE : outcome;
			continue;
		}
		if (recipe_cares_for_alpha(recipe) || template_uses_picture(recipe->template))
			source_look(&plan->source);
		if (recipe->where_count == 0 ||
			recipe_suits(recipe, &plan->match, &plan->query, accept,
				is_opaque(&plan->source), &plan->negotiated)) {
			plan->recipe = recipe;
			return OUTCOME_OK;
		}
		outcome = OUTCOME_BAD_REQUEST;
	}
	return outcome;
}

/* A place behind the end of the source, where that is known. */
static bool is_behind_end(struct plan *plan)
{
	uint64_t length = plan->source.film.duration_ms;
	for (size_t i = 0; length > 0 && i < plan->recipe->param_count; i++) {
		const struct param *param = &plan->recipe->params[i];
		const struct param_value *value = &plan->values[i];
		if (param->type != PARAM_POSITION || !value->present ||
			value->number * 1000 < (double)length)
			continue;
		snprintf(plan->message, sizeof plan->message,
			"%.60s: the source ends at %" PRIu64 ".%03u seconds", param->name,
			length / 1000, (unsigned)(length % 1000));
		return true;
	}
	return false;
}

/* Before a program runs: a frame count or a size is refused as such, and not as a time-out. */
static bool too_large(const struct recipe *recipe, struct source *source)
{
	const struct picture *picture = &source->picture;
	uint64_t width = source->sniff.width, height = source->sniff.height, frames = 1;
	if (recipe->max_source_bytes && source->size > recipe->max_source_bytes)
		return true;
	if (recipe->animated >> source->sniff.type & 1) {
		frames = picture->frames;
		if (recipe->max_frames && frames > recipe->max_frames)
			return true;
	}
	/* 16 bits each in a GIF and 24 in a WebP, the only ones that are sized here: no overflow.
	 */
	if (source->looked && picture->width * picture->height > width * height) {
		width = picture->width;
		height = picture->height;
	}
	return recipe->max_pixels && width && height > recipe->max_pixels / frames / width;
}

static enum outcome make(struct plan *plan, const char *method, const char *uri, const char *accept)
{
	if (!method || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0))
		return OUTCOME_METHOD;
	const char *why = "";
	enum query_error error = uri ? query_parse(uri, &plan->query, &why) : QUERY_E_MALFORMED;
	if (error == QUERY_E_TOO_LONG)
		return OUTCOME_URI_TOO_LONG;
	if (error == QUERY_E_SEGMENT)
		return OUTCOME_NOT_FOUND;
	if (error != QUERY_OK) {
		snprintf(plan->message, sizeof plan->message, "URL: %s", uri ? why : "missing");
		return OUTCOME_BAD_REQUEST;
	}
	const char *path = strip_prefix(plan->query.path, plan->config->prefix);
	if (!path)
		return OUTCOME_NOT_FOUND;
	FD_CLEANUP int root_fd = open(plan->config->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0) {
		plan->error = errno;
		return outcome_from_error(-errno);
	}
	enum outcome outcome = find_recipe(plan, root_fd, path, accept);
	if (outcome != OUTCOME_OK)
		return outcome;
	bool vary = plan->negotiated;
	bool good = recipe_evaluate(plan->recipe, &plan->match, &plan->query, accept,
		is_opaque(&plan->source), plan->values, &plan->negotiated, plan->message);
	/* The field may have decided which recipe it is. */
	plan->negotiated = plan->negotiated || vary;
	if (!good)
		return OUTCOME_BAD_REQUEST;
	/* A screen of 1x1 may have a frame of 20000x20000. */
	if (plan->source.sniff.type == MEDIA_GIF && plan->recipe->max_pixels)
		source_look(&plan->source);
	if ((plan->recipe->animated >> plan->source.sniff.type & 1) && !plan->source.picture.plain)
		return OUTCOME_SOURCE_TYPE;
	if (too_large(plan->recipe, &plan->source))
		return OUTCOME_SOURCE_TOO_LARGE;
	/* Decoders that read only the first frame, or are content with fewer, would not notice. */
	if ((plan->recipe->refuse_cut && plan->source.film.cut) ||
		(plan->source.looked && plan->source.picture.cut)) {
		snprintf(plan->message, sizeof plan->message,
			"the source is cut: its header promises more than there is");
		return OUTCOME_REFUSED;
	}
	return is_behind_end(plan) ? OUTCOME_BAD_REQUEST : OUTCOME_OK;
}

enum outcome plan_make(struct plan *plan, struct config *config, const char *method,
	const char *uri, const char *accept)
{
	plan->config = config_ref(config);
	plan->recipe = NULL;
	plan->negotiated = false;
	plan->searched = false;
	plan->error = 0;
	plan->source = (struct source)SOURCE_NONE;
	plan->source_name = NULL;
	plan->message[0] = '\0';
	enum outcome outcome = make(plan, method, uri, accept);
	if (outcome != OUTCOME_OK && !plan->message[0])
		snprintf(plan->message, sizeof plan->message, "%s", outcome_message(outcome));
	return outcome;
}

void plan_clear(struct plan *plan)
{
	source_close(&plan->source);
	config_unref(plan->config);
	plan->config = NULL;
}

int plan_argv(const struct plan *plan, const char *output_path, struct template_argv *argv)
{
	char source_path[32];
	snprintf(source_path, sizeof source_path, "/dev/fd/%d", PLAN_SOURCE_FD);
	struct template_input input = {
		.values = plan->values,
		.source_path = source_path,
		.source_fd = PLAN_SOURCE_FD,
		.source_format = media_name(plan->source.sniff.type),
		.output_path = output_path,
	};
	struct facts facts;
	facts_make(&plan->source, &facts, input.facts);
	return template_expand(plan->recipe->template, &input, argv);
}
