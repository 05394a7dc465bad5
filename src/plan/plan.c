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
#include "src/plan/reason.h"
#include "src/plan/source_path.h"

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
	/* As a still it would be an answer to another question: it is refused, below. */
	return picture->plain || !(recipe->plain & type) || (recipe->animated & type);
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
			if (r != 0)
				reason_of_source(plan, root_fd);
			if (r == SOURCE_E_UNAVAILABLE || r == SOURCE_E_SHORTAGE)
				return r == SOURCE_E_SHORTAGE ? OUTCOME_OVERLOADED
							      : OUTCOME_STORAGE;
			snprintf(opened, sizeof opened, "%s", plan->source_name);
			if (r != 0)
				continue;
		}
		if (!takes(recipe, &plan->source)) {
			if (outcome != OUTCOME_BAD_REQUEST)
				reason_of_type(plan, recipe, outcome == OUTCOME_NOT_FOUND);
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
		reason_set(plan, "no recipe takes these values of the parameters (`where`)");
	}
	plan->unmatched = outcome == OUTCOME_NOT_FOUND && !plan->source_name;
	if (plan->unmatched)
		reason_set(plan, "no recipe's path fits");
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
static bool is_too_large(struct plan *plan)
{
	const struct recipe *recipe = plan->recipe;
	const struct source *source = &plan->source;
	const struct picture *picture = &source->picture;
	uint64_t width = source->sniff.width, height = source->sniff.height, frames = 1;
	if (recipe->max_source_bytes && source->size > recipe->max_source_bytes) {
		reason_set(plan, "the source has %" PRIu64 " bytes, max_source = %" PRIu64,
			source->size, recipe->max_source_bytes);
		return true;
	}
	if (recipe->animated >> source->sniff.type & 1) {
		frames = picture->frames;
		if (recipe->max_frames && frames > recipe->max_frames) {
			reason_set(plan, "the source has %" PRIu64 " frames, max_frames = %" PRIu64,
				frames, recipe->max_frames);
			return true;
		}
	}
	/* 16 bits each in a GIF and 24 in a WebP, the only ones that are sized here: no overflow.
	 */
	if (source->looked && picture->width * picture->height > width * height) {
		width = picture->width;
		height = picture->height;
	}
	if (!recipe->max_pixels || !width || height <= recipe->max_pixels / frames / width)
		return false;
	char times[32] = "";
	if (frames > 1)
		snprintf(times, sizeof times, " x %" PRIu64 " frames", frames);
	reason_set(plan, "the source has %" PRIu64 "x%" PRIu64 " pixels%s, max_pixels = %" PRIu64,
		width, height, times, recipe->max_pixels);
	return true;
}

/* A failure to read may have made any other outcome. */
static enum outcome check_storage(struct plan *plan, int root_fd, enum outcome outcome)
{
	if (plan->source.fd < 0 || plan->source.error == 0)
		return outcome;
	reason_of_source(plan, root_fd);
	return OUTCOME_STORAGE;
}

/* Whether the recipe that was found takes the request. */
static enum outcome check_recipe(struct plan *plan, const char *accept)
{
	const struct recipe *recipe = plan->recipe;
	struct source *source = &plan->source;
	bool vary = plan->negotiated;
	bool good = recipe_evaluate(recipe, &plan->match, &plan->query, accept, is_opaque(source),
		plan->values, &plan->negotiated, plan->message);
	/* The field may have decided which recipe it is. */
	plan->negotiated = plan->negotiated || vary;
	if (!good)
		return OUTCOME_BAD_REQUEST;
	/* A screen of 1x1 may have a frame of 20000x20000. */
	if (source->sniff.type == MEDIA_GIF && recipe->max_pixels)
		source_look(source);
	if (((recipe->animated & recipe->plain) >> source->sniff.type & 1) &&
		!source->picture.plain) {
		reason_set(plan, "the animation has frames that not all decoders read alike");
		snprintf(plan->message, sizeof plan->message,
			"the animation cannot be kept moving rightly; its first picture can be "
			"had");
		return OUTCOME_SOURCE_TYPE;
	}
	if (is_too_large(plan))
		return OUTCOME_SOURCE_TOO_LARGE;
	/* Decoders that read only the first frame, or are content with fewer, would not notice. */
	if ((recipe->refuse_cut && source->film.cut) || (source->looked && source->picture.cut)) {
		snprintf(plan->message, sizeof plan->message,
			"the source is cut: its header promises more than there is");
		return OUTCOME_REFUSED;
	}
	return is_behind_end(plan) ? OUTCOME_BAD_REQUEST : OUTCOME_OK;
}

/* Opens the root, and finds recipe and source. path: behind the prefix. */
static enum outcome look_up(struct plan *plan, const char *path, const char *accept)
{
	FD_CLEANUP int root_fd = open(plan->config->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0) {
		enum outcome outcome = outcome_from_error(-errno);
		reason_of_root(plan, errno);
		return outcome == OUTCOME_OVERLOADED ? outcome : OUTCOME_STORAGE;
	}
	enum outcome outcome = find_recipe(plan, root_fd, path, accept);
	if (outcome == OUTCOME_OK)
		outcome = check_recipe(plan, accept);
	return check_storage(plan, root_fd, outcome);
}

/* Without a look at the file system. Returns the path behind the prefix, or NULL with *outcome. */
static const char *parse(
	struct plan *plan, const char *method, const char *uri, enum outcome *outcome)
{
	const char *why = "";
	*outcome = OUTCOME_BAD_REQUEST;
	if (!method || !uri) {
		snprintf(plan->message, sizeof plan->message, "the web server sends no %s",
			method ? "REQUEST_URI" : "REQUEST_METHOD");
		reason_set(plan,
			"%s: in nginx, write \"fastcgi_param %s\" or \"include fastcgi_params;\"",
			plan->message,
			method ? "REQUEST_URI $request_uri;" : "REQUEST_METHOD $request_method;");
		return NULL;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		*outcome = OUTCOME_METHOD;
		return NULL;
	}
	enum query_error error = query_parse(uri, &plan->query, &why);
	if (error != QUERY_OK) {
		*outcome = error == QUERY_E_TOO_LONG  ? OUTCOME_URI_TOO_LONG
			   : error == QUERY_E_SEGMENT ? OUTCOME_NOT_FOUND
						      : OUTCOME_BAD_REQUEST;
		reason_set(plan, "URL: %s", why);
		if (*outcome == OUTCOME_BAD_REQUEST)
			snprintf(plan->message, sizeof plan->message, "URL: %s", why);
		return NULL;
	}
	const char *path = strip_prefix(plan->query.path, plan->config->prefix);
	*outcome = path ? OUTCOME_OK : OUTCOME_NOT_FOUND;
	if (!path)
		reason_set(
			plan, "the path does not begin with the prefix %s", plan->config->prefix);
	return path;
}

enum outcome plan_make(struct plan *plan, struct config *config, const char *method,
	const char *uri, const char *accept)
{
	plan->config = config_ref(config);
	plan->recipe = NULL;
	plan->negotiated = false;
	plan->searched = plan->unmatched = false;
	plan->source = (struct source)SOURCE_NONE;
	plan->reading = PLAN_READ_SOURCE;
	plan->until_ms = 0;
	plan->source_name = NULL;
	plan->message[0] = plan->reason[0] = '\0';
	enum outcome outcome;
	const char *path = parse(plan, method, uri, &outcome);
	if (path)
		outcome = look_up(plan, path, accept);
	if (outcome == OUTCOME_OK)
		return outcome;
	if (!plan->message[0])
		snprintf(plan->message, sizeof plan->message, "%s", outcome_message(outcome));
	/* Otherwise the reason is older: it is about a recipe that was looked at before. */
	if (!plan->reason[0] || outcome == OUTCOME_REFUSED ||
		(outcome == OUTCOME_BAD_REQUEST && plan->recipe))
		reason_set(plan, "%s", plan->message);
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
	char path[32];
	source_path(PLAN_SOURCE_FD, path);
	struct template_input input = {
		.values = plan->values,
		.source_path = path,
		.source_fd = PLAN_SOURCE_FD,
		.source_format = media_name(plan->source.sniff.type),
		.output_path = output_path,
	};
	struct facts facts;
	facts_make(&plan->source, &facts, input.facts);
	return template_expand(plan->recipe->template, &input, argv);
}
