/* SPDX-License-Identifier: MIT */
/*
 * The dynamic linker itself reports what a program opens (ld.so(8), LD_DEBUG=files), in one file
 * for each process. It sees every program that can be held, and needs no code of ours in it. Only
 * modules that a program opens by name count, not the libraries that these need in turn. The report
 * lies outside of the job's directory, where a confined job could not write it: so the programs run
 * unconfined.
 */
#include "src/command/train.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/tree.h"
#include "src/command/render.h"
#include "src/command/sample.h"
#include "src/plan/plan.h"
#include "src/request/service.h"

enum { FILES_MAX = 2000, ENTRIES_MAX = 1000000, MODULES_MAX = 256, URL_MAX = 4096 };

struct recipe_training {
	uint64_t types; /* of the sources that it was run on, one bit each */
	size_t module_count;
	char *modules[MODULES_MAX];
	bool ran;
};

struct training {
	struct config *config;
	struct service service;
	char directory[PATH_MAX];
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

static void add_module(struct recipe_training *recipe, const char *path, size_t length)
{
	for (size_t i = 0; i < recipe->module_count; i++)
		if (strlen(recipe->modules[i]) == length &&
			!memcmp(recipe->modules[i], path, length))
			return;
	if (recipe->module_count < MODULES_MAX &&
		(recipe->modules[recipe->module_count] = strndup(path, length)))
		recipe->module_count++;
}

static bool is_module(const char *path, size_t length)
{
	char copy[PATH_MAX];
	if (length == 0 || length >= sizeof copy || path[0] != '/')
		return false;
	memcpy(copy, path, length);
	copy[length] = '\0';
	return access(copy, R_OK) == 0;
}

/* "…	file=PATH [0];  dynamically loaded by WHO [0]" */
static void read_report(struct recipe_training *recipe, FILE *file)
{
	char *line = NULL;
	size_t size = 0;
	while (getline(&line, &size, file) > 0) {
		const char *path = strstr(line, "file=");
		const char *end = path ? strstr(path, " [") : NULL;
		if (end && strstr(end, "dynamically loaded by") &&
			is_module(path + 5, (size_t)(end - path - 5)))
			add_module(recipe, path + 5, (size_t)(end - path - 5));
	}
	free(line);
}

/* The programs are not confined here, so they can leave anything under that name. */
static FILE *open_report(const char *path)
{
	struct stat st;
	FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	FILE *file = fdopen(fd, "r");
	if (file)
		fd_take(&fd);
	return file;
}

static void read_reports(struct training *training, struct recipe_training *recipe)
{
	DIR *directory = opendir(training->directory);
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		char path[PATH_MAX + NAME_MAX + 2];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", training->directory, entry->d_name);
		FILE *file = open_report(path);
		if (file) {
			read_report(recipe, file);
			fclose(file);
		}
		unlink(path);
	}
	if (directory)
		closedir(directory);
}

static void run(struct training *training, struct recipe_training *recipe, const char *url)
{
	int status = 0;
	const struct fcgi_client_sink sink = {.status = &status};
	int r = render_request(&training->service, training->config, url, NULL, &sink);
	fprintf(stderr, "%s: %d\n", url, status);
	training->failed |= r < 0 || status / 100 != 2;
	recipe->ran = true;
	read_reports(training, recipe);
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

static void try_recipe(struct training *training, size_t index, const char *source)
{
	const struct recipe *recipe = training->config->recipes[index];
	struct recipe_training *own = &training->recipes[index];
	size_t formats =
		recipe->format_param < 0 ? 1 : recipe->params[recipe->format_param].value_count;
	uint64_t types = own->types;
	for (size_t format = 0; format < formats; format++) {
		char buffer[URL_MAX];
		struct text url;
		enum media_type type;
		text_init(&url, buffer, sizeof buffer);
		if (!sample_url(recipe, training->config->prefix, source, format, &url) ||
			plan(training, url.data, &type) != recipe || types & 1ULL << type)
			return;
		own->types |= 1ULL << type;
		run(training, own, url.data);
	}
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

/* The programs start cold and unconfined, and their linker reports. */
static bool prepare_recipe(const struct training *training, struct recipe *recipe)
{
	char output[PATH_MAX + 32];
	size_t count = 0;
	while (recipe->env[count])
		count++;
	if (count + 2 > RECIPE_PATHS_MAX)
		return false;
	snprintf(output, sizeof output, "LD_DEBUG_OUTPUT=%s/ld", training->directory);
	recipe->env[count] = strdup("LD_DEBUG=files");
	recipe->env[count + 1] = strdup(output);
	recipe->env[count + 2] = NULL;
	recipe->start = RECIPE_COLD;
	recipe->confine = RECIPE_CONFINE_OFF;
	return true;
}

static void print(const struct training *training)
{
	for (size_t i = 0; i < training->config->recipe_count; i++) {
		const struct recipe_training *recipe = &training->recipes[i];
		const char *name = training->config->recipes[i]->name;
		if (!recipe->ran)
			printf("# recipe %s: no sample: give its URL\n", name);
		else if (recipe->module_count == 0)
			printf("# recipe %s: opens nothing after main\n", name);
		if (recipe->module_count == 0)
			continue;
		printf("recipe %s {\n    preload = {", name);
		for (size_t k = 0; k < recipe->module_count; k++)
			printf("%s\"%s\"", k ? ",\n        " : "", recipe->modules[k]);
		printf("}\n}\n");
	}
}

static int open_training(struct training *training)
{
	struct config *config = training->config;
	training->recipes =
		calloc(config->recipe_count ? config->recipe_count : 1, sizeof *training->recipes);
	int r = training->recipes ? service_open(&training->service, config->temp_path) : -ENOMEM;
	if (r < 0)
		return r;
	int n = snprintf(training->directory, sizeof training->directory, "%s/train",
		training->service.starter.temp_dir);
	if (n < 0 || n >= (int)sizeof training->directory || mkdir(training->directory, 0700) < 0)
		return -EINVAL;
	for (size_t i = 0; i < config->recipe_count; i++)
		if (!prepare_recipe(training, config->recipes[i]))
			return -E2BIG;
	return 0;
}

static void close_training(struct training *training)
{
	for (size_t i = 0; training->recipes && i < training->config->recipe_count; i++)
		for (size_t k = 0; k < training->recipes[i].module_count; k++)
			free(training->recipes[i].modules[k]);
	free(training->recipes);
	service_close(&training->service);
	config_unref(training->config);
}

static void run_url(struct training *training, const char *url)
{
	enum media_type type;
	const struct recipe *recipe = plan(training, url, &type);
	if (recipe)
		run(training, &training->recipes[recipe_index(training->config, recipe)], url);
	else
		fprintf(stderr, "sluice: no recipe answers %s\n", url);
	training->failed |= !recipe;
}

int train_run(const struct command_line *line)
{
	struct training training = {
		.config = command_line_load(line), .service.starter.temp_fd = -1};
	if (!training.config)
		return COMMAND_FAILED;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	int r = open_training(&training);
	for (int i = 0; i < line->operand_count && r == 0; i++)
		run_url(&training, line->operands[i]);
	if (r == 0 && line->operand_count == 0) {
		walk_root(&training);
		training.failed = false; /* a file that is found need not be a good source */
	}
	if (r == 0)
		print(&training);
	else
		fprintf(stderr, "sluice: cannot train: %s\n", strerror(-r));
	bool good = r == 0 && !training.failed;
	close_training(&training);
	return good ? COMMAND_GOOD : COMMAND_FAILED;
}
