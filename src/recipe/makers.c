/* SPDX-License-Identifier: MIT */
/*
 * `listing` guards the lists, which are made once, at the first look. `lock` guards `fresh_ms` and
 * `state`, and is held for a copy only: the main thread takes it. A file that is replaced under its
 * name has another inode or another time of change, also when a package keeps the old modification
 * time.
 */
#include "src/recipe/makers.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file_identity.h"
#include "src/recipe/libraries.h"
#include "src/recipe/recipe.h"

enum { FILES_MAX = 512 };

struct makers {
	const struct recipe *recipe;
	pthread_mutex_t listing;
	bool listed;
	struct libraries libraries[TEMPLATE_PROGRAMS_MAX]; /* of each program */
	size_t file_count;
	char *files[FILES_MAX]; /* what stands elsewhere in the recipe: programs, read */
	pthread_mutex_t lock;
	uint64_t fresh_ms; /* of clock_now_ms: the state is looked up again from then on */
	struct makers_state state;
};

/* Returns 0 or -ENOMEM. More files than there is room for are left out. */
static int add_file(struct makers *makers, const char *path)
{
	if (makers->file_count == FILES_MAX)
		return 0;
	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	makers->files[makers->file_count++] = copy;
	return 0;
}

/* What is directly in a directory, such as the policy.xml of an ImageMagick configuration. */
static int add_readable(struct makers *makers, const char *path)
{
	int r = add_file(makers, path);
	DIR *directory = r == 0 ? opendir(path) : NULL;
	if (!directory)
		return r;
	struct dirent *entry;
	for (int i = 0; i < FILES_MAX && r == 0 && (entry = readdir(directory)); i++) {
		char inner[PATH_MAX];
		int n = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof inner)
			r = add_file(makers, inner);
	}
	closedir(directory);
	return r;
}

/* Returns 0 or -ENOMEM; then the next look begins anew. */
static int list_files(struct makers *makers)
{
	const struct recipe *recipe = makers->recipe;
	static char *const nothing[] = {NULL};
	char *const *opened = recipe->preload;
	int r = 0;
	for (size_t i = 0; i < TEMPLATE_PROGRAMS_MAX && r == 0; i++) {
		const char *path = recipe->program_paths[i];
		if (!path)
			continue;
		r = add_file(makers, path);
		if (r == 0)
			r = libraries_find(path, recipe->env, opened, &makers->libraries[i]);
		opened = nothing; /* once is enough */
	}
	for (char *const *path = recipe->read; *path && r == 0; path++)
		r = add_readable(makers, *path);
	makers->listed = r == 0;
	return r;
}

struct makers *makers_new(const struct recipe *recipe)
{
	struct makers *makers = calloc(1, sizeof *makers);
	if (!makers)
		return NULL;
	makers->recipe = recipe;
	pthread_mutex_init(&makers->listing, NULL);
	pthread_mutex_init(&makers->lock, NULL);
	return makers;
}

static void clear_files(struct makers *makers)
{
	for (size_t i = 0; i < TEMPLATE_PROGRAMS_MAX; i++)
		libraries_clear(&makers->libraries[i]);
	for (size_t i = 0; i < makers->file_count; i++)
		free(makers->files[i]);
	makers->file_count = 0;
}

void makers_free(struct makers *makers)
{
	if (!makers)
		return;
	clear_files(makers);
	pthread_mutex_destroy(&makers->listing);
	pthread_mutex_destroy(&makers->lock);
	free(makers);
}

/* A file that is missing counts as soon as it is there, and not before: the linker may be told of
 * one directory more to look in, which is nothing that makes other results. */
static void add_stat(struct digest *digest, const char *path, time_t *changed)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return;
	digest_add_text(digest, path);
	const struct file_identity identity = file_identity_of(&st);
	/* A directory changes with whatever is written beside the files that matter. */
	if (S_ISDIR(st.st_mode))
		return;
	digest_add(digest, &identity, sizeof identity);
	if (st.st_ctim.tv_sec > *changed)
		*changed = st.st_ctim.tv_sec;
}

static void look(const struct makers *makers, struct makers_state *state)
{
	struct digest digest;
	digest_init(&digest);
	state->changed = 0;
	for (size_t i = 0; i < makers->file_count; i++)
		add_stat(&digest, makers->files[i], &state->changed);
	for (size_t i = 0; i < TEMPLATE_PROGRAMS_MAX; i++)
		for (size_t j = 0; j < makers->libraries[i].count; j++)
			add_stat(&digest, makers->libraries[i].paths[j], &state->changed);
	digest_end(&digest, state->digest);
}

int makers_look(struct makers *makers, struct makers_state *out)
{
	if (makers_peek(makers, out))
		return 0;
	pthread_mutex_lock(&makers->listing);
	int r = 0;
	if (!makers->listed) {
		clear_files(makers);
		r = list_files(makers);
	}
	struct makers_state state = {0};
	if (r == 0)
		look(makers, &state);
	pthread_mutex_unlock(&makers->listing);
	if (r < 0)
		return r;
	pthread_mutex_lock(&makers->lock);
	makers->state = state;
	makers->fresh_ms = clock_now_ms() + MAKERS_FRESH_MS;
	pthread_mutex_unlock(&makers->lock);
	*out = state;
	return 0;
}

bool makers_peek(struct makers *makers, struct makers_state *out)
{
	pthread_mutex_lock(&makers->lock);
	bool fresh = clock_now_ms() < makers->fresh_ms;
	*out = makers->state;
	pthread_mutex_unlock(&makers->lock);
	return fresh;
}
