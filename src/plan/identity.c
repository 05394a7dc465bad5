/* SPDX-License-Identifier: MIT */
/* The tag is a hash of what makes the result: the source; the command, and so every parameter in
 * canonical form and the negotiated format; the environment; the programs and libraries as files
 * (makers.h); and the rules by which a result is accepted. A change of any of these needs no rule
 * of its own that way. Parameters come from strangers, so the hash is a cryptographic one: two
 * requests cannot be made to collide. */
#include "src/plan/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file_identity.h"

/* Begins every hash: a new number is a new set of tags. */
static const char LAYOUT[] = "sluice 2";

static void add_list(struct digest *hash, char *const *list)
{
	for (; *list; list++)
		digest_add_text(hash, *list);
	/* Ends the list: no argument is this byte alone. */
	digest_add(hash, "\xff", 2);
}

static void add_source(struct digest *hash, const struct source *source)
{
	const struct file_identity identity = file_identity_of(&source->stat);
	digest_add(hash, &identity, sizeof identity);
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
	digest_add_text(hash, recipe->version ? recipe->version : "");
	digest_add_text(hash, recipe->stdin_source ? "stdin" : "");
	add_list(hash, recipe->stderr_fails);
	for (size_t i = 0; i < recipe->exit_count; i++) {
		const int rule[] = {recipe->exits[i].exit, recipe->exits[i].status};
		digest_add(hash, rule, sizeof rule);
	}
	digest_add_text(hash, recipe_media_type(recipe, plan->values));
}

void identity_set_etag(struct identity *identity)
{
	char hex[DIGEST_HEX_MAX];
	digest_hex(identity->key, hex);
	snprintf(identity->etag, sizeof identity->etag, "\"%s\"", hex);
}

void identity_weaken(struct identity *identity)
{
	if (!identity_is_strong(identity))
		return;
	memmove(identity->etag + 2, identity->etag, strlen(identity->etag) + 1);
	memcpy(identity->etag, "W/", 2);
}

bool identity_is_strong(const struct identity *identity)
{
	return identity->etag[0] == '"';
}

bool identity_has_makers_of(const struct identity *identity, const struct recipe *recipe)
{
	struct makers_state now;
	return makers_peek(recipe->makers, &now) &&
	       !memcmp(now.digest, identity->makers, DIGEST_BYTES);
}

static void make_hashes(const struct plan *plan, const struct template_argv *argv,
	const struct makers_state *makers, struct identity *identity)
{
	struct digest hash;
	digest_init(&hash);
	digest_add_text(&hash, LAYOUT);
	digest_add(&hash, makers->digest, DIGEST_BYTES);
	add_recipe(&hash, plan, argv);
	struct digest lineage = hash;
	add_source(&hash, &plan->source);
	digest_end(&hash, identity->key);
	identity_set_etag(identity);
	digest_add_text(&lineage, plan->config->root ? plan->config->root : "");
	digest_add_text(&lineage, plan->source_name);
	digest_end(&lineage, identity->lineage);
	memcpy(identity->makers, makers->digest, DIGEST_BYTES);
}

/* The latest of the three times. A date of a time in the future is shown as now. */
static void set_modified(
	const struct plan *plan, const struct makers_state *makers, struct identity *identity)
{
	const time_t times[] = {
		plan->source.stat.st_mtim.tv_sec, makers->changed, plan->config->changed};
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (times[i] > identity->modified)
			identity->modified = times[i];
	/* Not time(2): its clock goes in steps, and may be behind that of a file just written. */
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	identity->settled = identity->modified <= now.tv_sec;
	if (!identity->settled)
		identity->modified = now.tv_sec;
}

int identity_make(const struct plan *plan, struct identity *identity)
{
	*identity = (struct identity){0};
	struct makers_state makers;
	struct template_argv *argv = malloc(sizeof *argv);
	int r = argv ? makers_look(plan->recipe->makers, &makers) : -ENOMEM;
	if (r == 0)
		r = plan_argv(plan, "output", argv);
	if (r == 0) {
		make_hashes(plan, argv, &makers, identity);
		set_modified(plan, &makers, identity);
	}
	free(argv);
	return r;
}

static bool is_kind(const struct plan *plan, const char *kind)
{
	return !strncmp(media_content_type(plan->source.sniff.type), kind, strlen(kind));
}

bool identity_has_grown(const struct plan *plan)
{
	struct stat now;
	return (is_kind(plan, "video/") || is_kind(plan, "audio/")) &&
	       source_stat(&plan->source, &now) == 0 && now.st_size > plan->source.stat.st_size;
}

bool identity_may_be_picture(const struct plan *plan)
{
	const enum media_type type = plan->source.sniff.type;
	return is_kind(plan, "image/") || type == MEDIA_PDF || type == MEDIA_UNKNOWN;
}

/* Whoever writes may set the time of content back (rsync, exiftool -P), but not that of the status,
 * which changes with names, owners and permissions, too. */
static bool is_status_of_content(const struct stat *then, const struct stat *now)
{
	return (then->st_ctim.tv_sec != now->st_ctim.tv_sec ||
		       then->st_ctim.tv_nsec != now->st_ctim.tv_nsec) &&
	       then->st_nlink == now->st_nlink && then->st_mode == now->st_mode &&
	       then->st_uid == now->st_uid && then->st_gid == now->st_gid;
}

int identity_check(const struct plan *plan)
{
	struct stat st;
	int r = source_stat(&plan->source, &st);
	if (r < 0)
		return r;
	const struct file_identity then = file_identity_of(&plan->source.stat);
	const struct file_identity now = file_identity_of(&st);
	return file_identity_equal(&then, &now) && !is_status_of_content(&plan->source.stat, &st);
}
