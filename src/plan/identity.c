/* SPDX-License-Identifier: MIT */
/* The key is a hash of what would be run: recipe, programs, arguments (and so every parameter in
 * its canonical form, and the negotiated format), environment, media type, and which source it is.
 * So a changed command in a recipe changes all its keys. The hash is cryptographic because
 * parameters come from clients, and no client may find two requests with one key. */
#include "src/plan/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Begins every hash. A new number makes all keys new. */
static const char LAYOUT[] = "sluice 1";

static void add_list(struct digest *hash, char *const *list)
{
	for (; *list; list++)
		digest_add_text(hash, *list);
	/* Ends the list: no argument is this byte alone. */
	digest_add(hash, "\xff", 2);
}

static void add_source(struct digest *hash, const struct source *source)
{
	const uint64_t identity[] = {
		source->stat.st_dev,
		source->stat.st_ino,
		source->size,
		(uint64_t)source->stat.st_mtim.tv_sec,
		(uint64_t)source->stat.st_mtim.tv_nsec,
	};
	digest_add(hash, identity, sizeof identity);
}

static void add_recipe(
	struct digest *hash, const struct plan *plan, const struct template_argv *argv)
{
	const struct recipe *recipe = plan->recipe;
	digest_add_text(hash, recipe->name);
	for (size_t i = 0; i < argv->program_count; i++) {
		digest_add_text(hash, recipe->program_paths[i] ? recipe->program_paths[i] : "");
		add_list(hash, argv->programs[i].argv);
	}
	add_list(hash, recipe->env);
	digest_add_text(hash, recipe->stdin_source ? "stdin" : "");
	digest_add_text(hash, recipe_media_type(recipe, plan->values));
}

void identity_set_etag(struct identity *identity)
{
	char hex[DIGEST_HEX_MAX];
	digest_hex(identity->key, hex);
	snprintf(identity->etag, sizeof identity->etag, "\"%s\"", hex);
}

int identity_make(const struct plan *plan, struct identity *identity)
{
	*identity = (struct identity){.modified = plan->source.stat.st_mtim.tv_sec};
	struct template_argv *argv = malloc(sizeof *argv);
	if (!argv)
		return -ENOMEM;
	int r = plan_argv(plan, "output", argv);
	if (r == 0) {
		struct digest hash;
		digest_init(&hash);
		digest_add_text(&hash, LAYOUT);
		add_recipe(&hash, plan, argv);
		struct digest lineage = hash;
		add_source(&hash, &plan->source);
		digest_end(&hash, identity->key);
		identity_set_etag(identity);
		digest_add_text(&lineage, plan->config->root ? plan->config->root : "");
		digest_add_text(&lineage, plan->source_name);
		digest_end(&lineage, identity->lineage);
	}
	free(argv);
	/* Not time(2), whose clock goes in steps and may be behind the time of a new file. */
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (identity->modified > now.tv_sec)
		identity->modified = now.tv_sec;
	return r;
}

bool identity_holds(const struct plan *plan)
{
	const struct stat *then = &plan->source.stat;
	struct stat now;
	return fstat(plan->source.fd, &now) == 0 && now.st_size == then->st_size &&
	       now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}
