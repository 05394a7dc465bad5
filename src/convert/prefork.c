/* SPDX-License-Identifier: MIT */
/* HOME and TMPDIR of a holder are the directory that contains the directories of the jobs. A
 * library may remember them when it is loaded: so they exist, and the daemon removes what is left
 * there. */
#include "src/convert/prefork.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "src/convert/environment.h"

/* The programs of a recipe that is warm, without those that are missing. Returns 0, or a negative
 * errno: the environment is too large. */
static int add_programs(const char *temp_dir, const struct config *config,
	const struct recipe *recipe, struct environment *environment, struct holder_program *out,
	size_t *count)
{
	if (recipe->start != RECIPE_WARM || !recipe->template)
		return 0;
	int r = environment_make(environment, config, recipe, temp_dir);
	if (r < 0)
		return r;
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
		if (add_programs(temp_dir, config, config->recipes[i], &environments[i], programs,
			    &count) < 0)
			log_warning("recipe starts cold: its environment is too large recipe=%s",
				config->recipes[i]->name);
	if (r == 0)
		r = launcher_wish_new(programs, count, out);
	free(environments);
	free(programs);
	return r;
}

bool prefork_holds(struct launcher *launcher, const struct config *config, const char *temp_dir,
	const struct recipe *recipe)
{
	struct holder_program programs[TEMPLATE_PROGRAMS_MAX];
	struct environment *environment = calloc(1, sizeof *environment);
	size_t count = 0;
	bool all = environment && recipe->template &&
		   add_programs(temp_dir, config, recipe, environment, programs, &count) == 0 &&
		   count == template_program_count(recipe->template);
	for (size_t i = 0; i < count && all; i++)
		all = launcher_holds(launcher, &programs[i]);
	free(environment);
	return all;
}
