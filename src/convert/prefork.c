/* SPDX-License-Identifier: MIT */
/* HOME and TMPDIR of a holder are the directory that contains the directories of the jobs. A
 * library may remember them when it is loaded: so they exist, and the daemon removes what is left
 * there. */
#include "src/convert/prefork.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "src/convert/environment.h"

static int add_recipe(const char *temp_dir, const struct config *config,
	const struct recipe *recipe, struct environment *environment, struct holder_program *out,
	size_t *count)
{
	if (recipe->start != RECIPE_WARM || !recipe->template)
		return 0;
	if (environment_make(environment, config, recipe, temp_dir) < 0) {
		log_warning(
			"recipe starts cold: its environment is too large recipe=%s", recipe->name);
		return 0;
	}
	for (size_t i = 0; i < template_program_count(recipe->template); i++) {
		if (!recipe->program_paths[i])
			continue;
		out[(*count)++] = (struct holder_program){
			.program = recipe->program_paths[i],
			.name = template_program_name(recipe->template, i),
			.envp = environment->pointers,
			.preload = recipe->preload,
			.prime = recipe->prime,
			.confine = environment_confine(recipe),
		};
	}
	return 0;
}

int prefork_wish(
	const struct config *config, const char *temp_dir, bool hold, struct launcher_wish **out)
{
	size_t recipes = hold ? config->recipe_count : 0, count = 0;
	struct environment *environments = calloc(recipes ? recipes : 1, sizeof *environments);
	struct holder_program *programs =
		calloc(recipes ? recipes * TEMPLATE_PROGRAMS_MAX : 1, sizeof *programs);
	int r = environments && programs ? 0 : -ENOMEM;
	for (size_t i = 0; i < recipes && r == 0; i++)
		r = add_recipe(
			temp_dir, config, config->recipes[i], &environments[i], programs, &count);
	if (r == 0)
		r = launcher_wish_new(programs, count, out);
	free(environments);
	free(programs);
	return r;
}
