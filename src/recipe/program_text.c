/* SPDX-License-Identifier: MIT */
/*
 * The arguments are read as the programs of the table (interpreter.h) read them: `env bash -ec X`
 * has its text in X, and `sh -c 'cat "$1"' sh X` has not. Where that cannot be told, as behind an
 * option that a group may leave out, both are looked at. A program that is not in the table is
 * taken for one that reads its arguments as data.
 */
#include "src/recipe/program_text.h"

#include <stdio.h>
#include <string.h>

#include "src/recipe/interpreter.h"
#include "src/recipe/template_compiled.h"

struct reader {
	const struct param *params;
	const struct interpreter *kind;
	const char *name; /* of the program, as the recipe has it */
	unsigned skip;	  /* so many arguments are the value of an option */
	bool text_next;	  /* the next argument is the text */
	bool given;	  /* an option had the text, or the first operand was it */
	bool shell_text;  /* the first operand will be the text, not a script's name */
	bool options_ended;
	unsigned operands;
	char *message;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void begin(struct reader *reader, const struct interpreter *kind, const char *path)
{
	*reader = (struct reader){.params = reader->params,
		.kind = kind,
		.name = base_name(path),
		.message = reader->message};
}

/* The first parameter of the element that may do harm, or NULL. */
static const char *find_danger(const struct reader *reader, const struct element *element)
{
	for (size_t i = 0; i < element->piece_count; i++) {
		const struct piece *piece = &element->pieces[i];
		if (piece->kind != PIECE_PARAM)
			continue;
		const struct param *param = &reader->params[piece->param];
		if (!(reader->kind->flags & INTERPRETER_NUMBERS_FIT) || param->type == PARAM_TEXT)
			return param->name;
	}
	return NULL;
}

/* Returns false with a message when the element, which is text, has a parameter. */
static bool check_text(const struct reader *reader, const struct element *element)
{
	const char *name = find_danger(reader, element);
	const bool shell = reader->kind->flags & INTERPRETER_SHELL;
	if (name)
		snprintf(reader->message, PROGRAM_TEXT_MESSAGE_MAX,
			"{%.40s} within %s%.40s; pass it %s", name,
			shell ? "the script of a shell" : "a program text of ",
			shell ? "" : reader->name, reader->kind->remedy);
	return !name;
}

static bool check_choice(const struct reader *reader, const struct element *element)
{
	const char *name = find_danger(reader, element);
	if (name)
		snprintf(reader->message, PROGRAM_TEXT_MESSAGE_MAX,
			"{%.40s} chooses the program that %.40s runs; write a recipe for each",
			name, reader->name);
	return !name;
}

static const char *literal_of(const struct element *element)
{
	const bool literal = element->piece_count > 0 && element->pieces[0].kind == PIECE_LITERAL;
	return literal ? element->pieces[0].text : "";
}

/* Letters of one option or several. */
static bool read_letters(struct reader *reader, const struct element *element, const char *letters)
{
	const struct interpreter *kind = reader->kind;
	const bool shell = kind->flags & INTERPRETER_SHELL;
	for (; *letters; letters++) {
		const bool last = !letters[1] && element->piece_count == 1;
		if (kind->texts && strchr(kind->texts, *letters)) {
			if (shell) {
				reader->shell_text = true;
				continue;
			}
			reader->text_next = last;
			reader->given = reader->given || element->group == 0;
			return last || check_text(reader, element);
		}
		if (shell && strchr("oO", *letters))
			reader->skip++;
		if (kind->values && strchr(kind->values, *letters)) {
			reader->skip = last;
			return true;
		}
		if (kind->attached && strchr(kind->attached, *letters))
			return true;
	}
	/* The letters may go on with those of a value. */
	return (kind->flags & INTERPRETER_LAUNCHES) || check_text(reader, element);
}

static bool read_option(struct reader *reader, const struct element *element, const char *text)
{
	const size_t length = strcspn(text, "=");
	const bool joined = text[length] == '=';
	int values = interpreter_option(reader->kind->long_texts, text, length);
	if (values >= 0) {
		reader->text_next = !joined;
		reader->given = reader->given || element->group == 0;
		return !joined || check_text(reader, element);
	}
	values = interpreter_option(reader->kind->long_values, text, length);
	if (values >= 0)
		reader->skip = joined ? 0 : (unsigned)values;
	else if (text[1] != '-')
		return read_letters(reader, element, text + 1);
	else if (!joined && !(reader->kind->flags & INTERPRETER_LAUNCHES))
		return check_text(reader, element);
	return true;
}

/* *go_on is set to false when what follows is the program's own data. */
static bool read_operand(struct reader *reader, const struct element *element, bool *go_on)
{
	const unsigned flags = reader->kind->flags;
	const bool first = reader->operands == 0 && !reader->given;
	const char *text = literal_of(element);
	if (flags & INTERPRETER_LAUNCHES) {
		if ((flags & INTERPRETER_ASSIGNS) && strchr(text, '='))
			return true;
		if (reader->operands++ == reader->kind->before && !reader->given)
			return check_choice(reader, element);
		return true;
	}
	if (element->group == 0)
		reader->operands++;
	*go_on = element->group > 0 || (flags & (INTERPRETER_PERMUTES | INTERPRETER_OPERANDS));
	if ((flags & INTERPRETER_OPERANDS) || (first && (flags & INTERPRETER_OPERAND)))
		return check_text(reader, element);
	if (first && (flags & INTERPRETER_SCRIPT))
		return reader->shell_text ? check_text(reader, element)
					  : check_choice(reader, element);
	return true;
}

/* Whether the element is another program that this one starts; begins to read that one then. */
static bool is_launched(struct reader *reader, const struct element *element)
{
	const char *text = literal_of(element);
	const struct interpreter *kind = element->piece_count == 1 ? interpreter_find(text) : NULL;
	if (!(reader->kind->flags & INTERPRETER_LAUNCHES) || !*text || !kind)
		return false;
	/* Behind a program that is not in the table, an argument may look like a launcher. */
	if ((kind->flags & INTERPRETER_LAUNCHES) && reader->operands > reader->kind->before)
		return false;
	begin(reader, kind, text);
	return true;
}

static bool read_argument(struct reader *reader, const struct element *element, bool *go_on)
{
	const char *text = literal_of(element);
	const bool shell = reader->kind->flags & INTERPRETER_SHELL;
	if (element->condition)
		return true;
	if (reader->text_next) {
		reader->text_next = false;
		return check_text(reader, element);
	}
	if (reader->skip > 0) {
		reader->skip--;
		return true;
	}
	if (is_launched(reader, element))
		return true;
	if (!reader->options_ended && !strcmp(text, "--") && element->piece_count == 1) {
		reader->options_ended = true;
		return true;
	}
	const bool option = *text == '-' || (shell && *text == '+');
	if (!reader->options_ended && option && (text[1] || element->piece_count > 1))
		return read_option(reader, element, text);
	return read_operand(reader, element, go_on);
}

bool program_text_check(const struct template *template, size_t program, const struct param *params,
	size_t *element, char message[PROGRAM_TEXT_MESSAGE_MAX])
{
	const char *name = template_program_name(template, program);
	struct reader reader = {.params = params, .message = message};
	begin(&reader, interpreter_find(name), name);
	size_t i = 0;
	while (i < template->element_count && template->elements[i].program != program)
		i++;
	bool go_on = reader.kind != NULL;
	for (i++; go_on && i < template->element_count && template->elements[i].program == program;
		i++) {
		*element = i;
		if (!read_argument(&reader, &template->elements[i], &go_on))
			return false;
	}
	return true;
}
