/* SPDX-License-Identifier: MIT */
#include "src/config/run_words.h"

#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { WORDS_MAX = 12 };

/* "convert {source} png:-" → {"convert", "{source}", "png:-"}, as far as blanks tell. */
static void put_as_list(struct text *out, const char *command)
{
	text_puts(out, "{");
	for (int words = 0; *command; words++) {
		size_t length = strcspn(command, " \t\n");
		if (words == WORDS_MAX) {
			text_puts(out, ", ...");
			break;
		}
		text_printf(out, "%s\"%.*s\"", words ? ", " : "", (int)length, command);
		command += length;
		command += strspn(command, " \t\n");
	}
	text_puts(out, "}");
}

bool config_check_words(const struct config_reader *reader, const struct recipe *recipe)
{
	bool first = true, good = true;
	for (size_t i = 0; i < recipe->run_count; i++) {
		const char *word = recipe->run[i] + strspn(recipe->run[i], " \t\n");
		bool whole = first && word[0] != '{' && strpbrk(word, " \t\n") &&
			     access(recipe->run[i], F_OK) != 0;
		first = strcmp(recipe->run[i], "|") == 0;
		if (!whole)
			continue;
		char buffer[320];
		struct text list;
		text_init(&list, buffer, sizeof buffer);
		put_as_list(&list, word);
		config_read_error(reader, config_node_value(reader->node, "run", i)->line,
			"run: is a list, and no line for a shell: write %s",
			list.overflow ? "{\"PROGRAM\", \"ARGUMENT\", ...}" : buffer);
		good = false;
	}
	return good;
}

void config_warn_of_shell(const struct config_reader *reader, const struct recipe *recipe)
{
	static const char *const words[] = {
		">", ">>", "<", "2>", "2>&1", "2>/dev/null", ">/dev/null", "&&", "||", "&", ";"};
	for (size_t i = 0; i < recipe->run_count; i++)
		for (size_t k = 0; k < sizeof words / sizeof *words; k++)
			if (strcmp(recipe->run[i], words[k]) == 0)
				config_read_warning(reader,
					config_node_value(reader->node, "run", i)->line,
					"run: '%s' goes to the program as an argument: there is no "
					"shell; only \"|\" has a meaning",
					words[k]);
}

const char *config_foreign_source(const struct recipe *recipe)
{
	static const char *const marks[] = {
		"$source", "$SOURCE", "$input", "$file", "$1", "$@", "%s", "%i", "{}"};
	for (size_t i = 1; i < recipe->run_count; i++)
		for (size_t k = 0; k < sizeof marks / sizeof *marks; k++)
			if (strstr(recipe->run[i], marks[k]))
				return marks[k];
	return NULL;
}

void config_suggest_hole(const struct recipe *recipe, char message[CONFIG_MESSAGE_MAX])
{
	static const char end[] = "no such parameter";
	static const char *const sources[] = {"input", "file", "filename", "path", "src", "in"};
	const char *names[RECIPE_PARAMS_MAX + 3] = {0}, *meant = NULL;
	char hole[PARAM_NAME_MAX + 8] = "";
	const char *open = strchr(message, '{');
	size_t length = open ? strcspn(open + 1, "}.*|") : 0, count = recipe->param_count;
	size_t used = strlen(message);
	if (length == 0 || length >= sizeof hole || used < sizeof end ||
		strcmp(message + used - (sizeof end - 1), end) != 0)
		return;
	memcpy(hole, open + 1, length);
	for (size_t i = 0; i < count; i++)
		names[i] = recipe->params[i].name;
	names[count] = "source";
	names[count + 1] = "output";
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
		if (strcmp(hole, sources[i]) == 0)
			meant = "source";
	if (!meant)
		meant = config_nearest(hole, names);
	if (meant)
		snprintf(message + used, CONFIG_MESSAGE_MAX - used, "; did you mean {%s}?", meant);
	else
		snprintf(message + used, CONFIG_MESSAGE_MAX - used,
			"; declare it: param %s { type = ... }", hole);
}
