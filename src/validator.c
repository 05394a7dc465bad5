/* SPDX-License-Identifier: MIT */
/* The tag is a hash of what would be run: recipe, programs, arguments (and so every parameter in
 * canonical form, and the format that was negotiated), environment, media type, and the identity of
 * the source. A change to the recipe's command needs no rule of its own that way. The hash is a
 * cryptographic one because parameters come from strangers: nobody may make two that collide. */
#include "src/validator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <nettle/sha2.h>

/* Begins every hash: a new number is a new set of tags. */
static const char LAYOUT[] = "sluice 1";

static void add(struct sha256_ctx *hash, const char *text)
{
	/* With its NUL: two texts are never the same as another two. */
	sha256_update(hash, strlen(text) + 1, (const uint8_t *)text);
}

static void add_list(struct sha256_ctx *hash, char *const *list)
{
	for (; *list; list++)
		add(hash, *list);
	/* No argument ends with this byte and a NUL of its own. */
	sha256_update(hash, 2, (const uint8_t *)"\xff");
}

static void add_source(struct sha256_ctx *hash, const struct source *source)
{
	const uint64_t identity[] = {
		source->stat.st_dev,
		source->stat.st_ino,
		source->size,
		(uint64_t)source->stat.st_mtim.tv_sec,
		(uint64_t)source->stat.st_mtim.tv_nsec,
	};
	sha256_update(hash, sizeof identity, (const uint8_t *)identity);
}

static void add_recipe(
	struct sha256_ctx *hash, const struct plan *plan, const struct template_argv *argv)
{
	const struct recipe *recipe = plan->recipe;
	add(hash, recipe->name);
	for (size_t i = 0; i < argv->program_count; i++) {
		add(hash, recipe->program_paths[i] ? recipe->program_paths[i] : "");
		add_list(hash, argv->programs[i].argv);
	}
	add_list(hash, recipe->env);
	add(hash, recipe->stdin_source ? "stdin" : "");
	add(hash, recipe_media_type(recipe, plan->values));
}

int validator_make(const struct plan *plan, struct validator *validator)
{
	*validator = (struct validator){.modified = plan->source.stat.st_mtim.tv_sec};
	struct template_argv *argv = malloc(sizeof *argv);
	if (!argv)
		return -ENOMEM;
	int r = plan_argv(plan, "output", argv);
	if (r == 0) {
		uint8_t digest[SHA256_DIGEST_SIZE];
		struct sha256_ctx hash;
		sha256_init(&hash);
		add(&hash, LAYOUT);
		add_recipe(&hash, plan, argv);
		add_source(&hash, &plan->source);
		sha256_digest(&hash, sizeof digest, digest);
		memcpy(validator->key, digest, sizeof validator->key);
		char *at = validator->etag;
		*at++ = '"';
		for (size_t i = 0; i < sizeof validator->key; i++, at += 2)
			snprintf(at, 3, "%02x", validator->key[i]);
		memcpy(at, "\"", 2);
	}
	free(argv);
	time_t now = time(NULL);
	if (validator->modified > now)
		validator->modified = now;
	return r;
}

bool validator_holds(const struct plan *plan)
{
	const struct stat *then = &plan->source.stat;
	struct stat now;
	return fstat(plan->source.fd, &now) == 0 && now.st_size == then->st_size &&
	       now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}
