/* SPDX-License-Identifier: MIT */
/*
 * `run`: what is executed. A mistake here may break a picture weeks later, or give a client a
 * shell. Therefore `run` is checked as a whole, after the params are known.
 */
#include "src/config/run_words.h"
#include "src/config/directory.h"
#include "src/config/sections.h"

#include <stdlib.h>
#include <string.h>

#include "src/recipe/program_text.h"

enum { RUN_MAX = TEMPLATE_ARGS_MAX, ERRORS_MAX = 10, ENOUGH = 500 };

#define HARMLESS "x"

/* Whether a program can read the source: as {source}, as descriptor 3, or on its standard input. */
static bool takes_source(const struct recipe *recipe)
{
	for (size_t i = 0; i < recipe->run_count; i++)
		if (strstr(recipe->run[i], "{source}") || strstr(recipe->run[i], "{source.fd}") ||
			strstr(recipe->run[i], "fd/3") || strstr(recipe->run[i], "fd:3"))
			return true;
	return recipe->stdin_source;
}

/* The line of the argument, counted without "|", "[" and "]". */
static unsigned argument_line(
	const struct config_reader *reader, const struct recipe *recipe, size_t argument)
{
	static const char *const signs[] = {"|", "[", "]"};
	size_t i = 0;
	for (; i + 1 < recipe->run_count; i++) {
		bool sign = false;
		for (size_t j = 0; j < sizeof signs / sizeof *signs; j++)
			sign = sign || !strcmp(recipe->run[i], signs[j]);
		if (!sign && argument-- == 0)
			break;
	}
	return config_node_value(reader->node, "run", i)->line;
}

static void check_texts(const struct config_reader *reader, const struct recipe *recipe)
{
	for (size_t i = 0; i < template_program_count(recipe->template); i++) {
		size_t argument;
		char message[PROGRAM_TEXT_MESSAGE_MAX];
		if (!program_text_check(recipe->template, i, recipe->params, &argument, message))
			config_read_error(reader, argument_line(reader, recipe, argument),
				"run: %s", message);
	}
}

static bool copy_run(const struct config_reader *reader, size_t count, struct recipe *recipe)
{
	recipe->run = calloc(count + 1, sizeof(*recipe->run));
	if (!recipe->run) {
		reader->report->out_of_memory = true;
		return false;
	}
	for (; recipe->run_count < count; recipe->run_count++) {
		const char *text = config_node_value(reader->node, "run", recipe->run_count)->text;
		recipe->run[recipe->run_count] = config_strdup(reader->report, text);
		if (!recipe->run[recipe->run_count])
			return false;
	}
	return true;
}

/* The index of the element that compiling refuses with this message. */
static size_t failing_element(
	const struct recipe *recipe, const char *const *elements, const char *message)
{
	char other[CONFIG_MESSAGE_MAX];
	for (size_t count = 1; count <= recipe->run_count; count++) {
		struct template *part = template_new(
			elements, count, recipe->params, recipe->param_count, other, sizeof(other));
		template_free(part);
		if (!part && strcmp(other, message) == 0)
			return count - 1;
	}
	return recipe->run_count;
}

/* Reports all that is wrong with the elements: after each error, a harmless text replaces the
 * element. */
static void explain_run(const struct config_reader *reader, const struct recipe *recipe)
{
	const char *elements[RUN_MAX];
	char message[CONFIG_MESSAGE_MAX];
	memcpy(elements, recipe->run, recipe->run_count * sizeof(*elements));
	for (int errors = 0; errors < ERRORS_MAX && reader->report->errors < ENOUGH; errors++) {
		struct template *template = template_new(elements, recipe->run_count,
			recipe->params, recipe->param_count, message, sizeof(message));
		template_free(template);
		if (template)
			return;
		size_t index = failing_element(recipe, elements, message);
		const struct config_value *value = config_node_value(
			reader->node, "run", index < recipe->run_count ? index : 0);
		config_suggest_hole(recipe, message);
		config_read_error(reader, value->line, "run: %s",
			strncmp(message, "run: ", 5) == 0 ? message + 5 : message);
		if (index == recipe->run_count || strcmp(elements[index], HARMLESS) == 0)
			return;
		elements[index] = HARMLESS;
	}
}

void config_run(const struct config_reader *reader, struct recipe *recipe, const bool *used)
{
	const bool complete = reader->complete;
	char message[CONFIG_MESSAGE_MAX];
	size_t count = config_node_count(reader->node, "run");
	if (count == 0) {
		if (complete)
			config_read_error(reader, config_node_line(reader->node), "run is missing");
		return;
	}
	unsigned line = config_node_value(reader->node, "run", 0)->line;
	if (count > RUN_MAX) {
		config_read_error(reader, line, "run: more than %d elements", RUN_MAX);
		return;
	}
	if (!copy_run(reader, count, recipe))
		return;
	config_fill_directory_in_run(reader, recipe->run);
	if (!config_check_words(reader, recipe))
		return;
	recipe->template = template_new((const char *const *)recipe->run, count, recipe->params,
		recipe->param_count, message, sizeof(message));
	if (!recipe->template) {
		if (complete)
			explain_run(reader, recipe);
		return;
	}
	if (reader->config->programs)
		config_programs(reader, reader->config->programs, recipe);
	config_preload(reader, recipe);
	check_texts(reader, recipe);
	if (recipe->response == RECIPE_LIVE && template_uses_output(recipe->template))
		config_read_error(reader, line,
			"run: a live response cannot come from {output}, only from stdout");
	config_warn_of_shell(reader, recipe);
	const char *foreign = config_foreign_source(recipe);
	if (complete && !takes_source(recipe) && foreign)
		config_read_warning(reader, line,
			"run: no program gets the source: '%s' means nothing here, write {source}",
			foreign);
	else if (complete && !takes_source(recipe))
		config_read_warning(reader, line,
			"run: no program gets the source: neither {source} nor stdin = source");
	if (complete && recipe->response == RECIPE_LIVE && !recipe->type &&
		recipe->format_param < 0)
		config_read_warning(reader, line,
			"a live response begins before its content can be looked at, so it is sent "
			"as application/octet-stream: give the recipe a `type`");
	for (size_t i = 0; i < recipe->param_count && complete; i++)
		if (!used[i] && !template_uses_param(recipe->template, i) &&
			!config_decides(reader->config, recipe, i))
			config_read_warning(reader,
				config_node_line(config_node_section(reader->node, "param", i)),
				"param '%s' is used neither in path nor in run",
				recipe->params[i].name);
}
