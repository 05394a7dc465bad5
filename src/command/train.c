/* SPDX-License-Identifier: MIT */
/*
 * The dynamic linker itself reports what a program opens (ld.so(8), LD_DEBUG=files), on the
 * program's standard error. It sees every program that can be held, and needs neither code of ours
 * in it nor a right that a job of the daemon does not have: the programs run as the daemon's user,
 * confined as the recipe says. They start cold, because a held program has done its opening before.
 */
#include "src/command/train.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/tree.h"
#include "src/command/modules.h"
#include "src/command/render.h"
#include "src/command/sample.h"
#include "src/convert/prefork.h"
#include "src/plan/plan.h"

enum { FILES_MAX = 2000, ENTRIES_MAX = 1000000, FAILURES_MAX = 5, URL_MAX = 4096 };

struct recipe_training {
	const char *unheld; /* why nothing is to be found out; NULL: it is */
	uint64_t types;	    /* of sources that were converted, one bit each */
	unsigned char failures[MEDIA_TYPES];
	char failed[URL_MAX]; /* the URL that failed last, and its status */
	int status;
	struct modules modules;
};

struct training {
	const struct command_line *line;
	struct service *service;
	struct config *config;
	struct recipe_training *recipes;
	size_t file_count;
	bool failed;
};

static size_t recipe_index(const struct config *config, const struct recipe *recipe)
{
	size_t i = 0;
	while (config->recipes[i] != recipe)
		i++;
	return i;
}

/* Whether it was answered with 2xx. */
static bool run(struct training *training, struct recipe_training *own, const char *url)
{
	int status = 0;
	const struct fcgi_client_sink sink = {.status = &status};
	int r = render_request(training->service, training->config, url, NULL, &sink);
	modules_take(&own->modules, training->config, training->service->starter.stderr_copy);
	if (r == 0 && status / 100 == 2)
		return true;
	snprintf(own->failed, sizeof own->failed, "%s", url);
	own->status = status;
	return false;
}

/* The recipe that answers this URL, or NULL. *type gets the type of the source. */
static const struct recipe *plan(struct training *training, const char *url, enum media_type *type)
{
	struct plan *made = malloc(sizeof *made);
	if (!made)
		return NULL;
	enum outcome outcome = plan_make(made, training->config, "GET", url, NULL);
	const struct recipe *recipe = outcome == OUTCOME_OK ? made->recipe : NULL;
	*type = recipe ? made->source.sniff.type : MEDIA_UNKNOWN;
	plan_clear(made);
	free(made);
	return recipe;
}

/* In each of its formats, unless a source of this type was converted before. A source that is
 * refused in all of them may be a bad one: another one of its type gets its turn. */
static void try_recipe(struct training *training, size_t index, const char *source)
{
	const struct recipe *recipe = training->config->recipes[index];
	struct recipe_training *own = &training->recipes[index];
	enum media_type type = MEDIA_UNKNOWN;
	size_t tried = 0, good = 0, formats = 1;
	if (recipe->format_param >= 0)
		formats = recipe->params[recipe->format_param].value_count;
	for (size_t format = 0; format < formats && !own->unheld; format++) {
		char buffer[URL_MAX];
		struct text url;
		text_init(&url, buffer, sizeof buffer);
		if (!sample_url(recipe, training->config->prefix, source, format, &url) ||
			plan(training, url.data, &type) != recipe || own->types >> type & 1 ||
			own->failures[type] == FAILURES_MAX)
			break;
		tried++;
		good += run(training, own, url.data);
	}
	if (good > 0)
		own->types |= UINT64_C(1) << type;
	else if (tried > 0)
		own->failures[type]++;
}

static int visit(void *data, int directory, const char *path, const struct stat *info)
{
	(void)directory;
	struct training *training = data;
	if (!S_ISREG(info->st_mode))
		return 0;
	for (size_t i = 0; i < training->config->recipe_count; i++)
		try_recipe(training, i, path);
	return ++training->file_count >= FILES_MAX;
}

/* Other users may write there, so the walk is bounded. A file that lies deeper than a URL can name
 * is no source. */
static void walk_root(struct training *training)
{
	const struct tree_bounds bounds = {
		.depth = URL_MAX, .entries = ENTRIES_MAX, .until_ms = CLOCK_NEVER};
	FD_CLEANUP int root = open(training->config->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? -errno : tree_walk(root, ".", &bounds, visit, training);
	if (r < 0)
		fprintf(stderr, "sluice: cannot read all of %s: %s\n", training->config->root,
			strerror(-r));
}

/* A file that is given by hand is expected to convert. */
static void run_url(struct training *training, const char *url)
{
	enum media_type type;
	const struct recipe *recipe = plan(training, url, &type);
	struct recipe_training *own =
		recipe ? &training->recipes[recipe_index(training->config, recipe)] : NULL;
	if (!own) {
		fprintf(stderr, "sluice: no recipe answers %s\n", url);
		training->failed = true;
	} else if (!own->unheld && run(training, own, url)) {
		own->types |= UINT64_C(1) << type;
	} else if (!own->unheld) {
		fprintf(stderr, "sluice: %s: %d: see sluice render\n", url, own->status);
		training->failed = true;
	}
}

static const char *why_unheld(const struct training *training, const struct recipe *recipe)
{
	const struct starter *starter = &training->service->starter;
	if (recipe->start == RECIPE_COLD)
		return "start = cold: its programs are not held";
	for (size_t p = 0; p < template_program_count(recipe->template); p++)
		if (!recipe->program_paths[p])
			return "a program is missing";
	if (!prefork_holds(starter->launcher, training->config, starter->temp.dir, recipe))
		return "a program of it cannot be held";
	return NULL;
}

/* Holds all programs as the daemon does, and looks which of them it could hold. */
static int find_unheld(struct training *training)
{
	const struct config *config = training->config;
	struct starter *starter = &training->service->starter;
	struct launcher_wish *wish = NULL;
	int r = prefork_wish(config, starter->temp.dir, true, &wish);
	if (r < 0)
		return r;
	launcher_set(starter->launcher, wish);
	launcher_tend(starter->launcher);
	launcher_settle(starter->launcher);
	for (size_t i = 0; i < config->recipe_count; i++)
		training->recipes[i].unheld = why_unheld(training, config->recipes[i]);
	return 0;
}

/* The programs start cold, and their linker reports. */
static int prepare_recipe(struct recipe *recipe)
{
	size_t count = 0;
	while (recipe->env[count])
		count++;
	if (count + 1 > RECIPE_PATHS_MAX)
		return -E2BIG;
	recipe->env[count] = strdup("LD_DEBUG=files");
	recipe->env[count + 1] = NULL;
	recipe->start = RECIPE_COLD;
	return recipe->env[count] ? 0 : -ENOMEM;
}

static int prepare(struct training *training)
{
	struct config *config = training->config;
	training->recipes =
		calloc(config->recipe_count ? config->recipe_count : 1, sizeof *training->recipes);
	int r = training->recipes ? find_unheld(training) : -ENOMEM;
	for (size_t i = 0; i < config->recipe_count && r == 0; i++)
		r = prepare_recipe(config->recipes[i]);
	training->service->starter.stderr_copy = memfd_create("sluice train", MFD_CLOEXEC);
	return r == 0 && training->service->starter.stderr_copy < 0 ? -errno : r;
}

static void print(const struct recipe_training *own, const char *name)
{
	const struct modules *modules = &own->modules;
	if (own->unheld)
		printf("# recipe %s: %s\n", name, own->unheld);
	else if (!own->types && own->status)
		printf("# recipe %s: %sno sample converts: %d for %s\n", name,
			modules->count ? "" : "opens nothing after main, but ", own->status,
			own->failed);
	else if (!own->types)
		printf("# recipe %s: no sample: give its URL\n", name);
	else if (modules->count == 0)
		printf("# recipe %s: opens nothing after main\n", name);
	if (!own->types || modules->count == 0)
		return;
	printf("recipe %s {\n    preload = {", name);
	for (size_t k = 0; k < modules->count; k++)
		printf("%s\"%s\"", k ? ",\n        " : "", modules->paths[k]);
	printf("}\n}\n");
}

static int train(void *data, struct service *service, struct config *config)
{
	struct training *training = data;
	const struct command_line *line = training->line;
	training->service = service;
	training->config = config;
	int r = prepare(training);
	for (int i = 0; i < line->operand_count && r == 0; i++)
		run_url(training, line->operands[i]);
	if (r == 0 && line->operand_count == 0)
		walk_root(training);
	for (size_t i = 0; i < config->recipe_count && training->recipes; i++) {
		if (r == 0)
			print(&training->recipes[i], config->recipes[i]->name);
		modules_clear(&training->recipes[i].modules);
	}
	free(training->recipes);
	if (r < 0)
		fprintf(stderr, "sluice: cannot train: %s\n", strerror(-r));
	return r == 0 && !training->failed ? COMMAND_GOOD : COMMAND_FAILED;
}

int train_run(const struct command_line *line)
{
	struct training training = {.line = line};
	log_set_level(LOG_LEVEL_WARNING); /* not each request that fails with a sample */
	return render_with_service(line, train, &training);
}
