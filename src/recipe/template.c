/* SPDX-License-Identifier: MIT */
/*
 * Everything that can be wrong with a `run` is found here, once; what is left for a request is to
 * copy pieces. An element of the configuration becomes at most one element of argv: that is the
 * whole protection against values that look like options, and why there is no quoting.
 */
#include "base/text.h"
#include "src/recipe/template.h"
#include "src/recipe/template_compiled.h"

#include <stdlib.h>
#include <string.h>

struct compiler {
	struct template *template;
	const struct param *params;
	size_t param_count;
	struct text *error;
	unsigned program;		 /* the one being read */
	unsigned group;			 /* the open one; 0: none */
	unsigned groups;		 /* so far */
	size_t group_size, program_size; /* elements in the open one */
	unsigned output_program;
};

static bool refuse(struct compiler *compiler, const char *why)
{
	text_printf(compiler->error, "run: %s", why);
	return false;
}

static bool add_piece(struct compiler *compiler, struct element *element, struct piece piece)
{
	struct piece *more =
		realloc(element->pieces, (element->piece_count + 1) * sizeof *element->pieces);
	if (!more) {
		free(piece.text);
		return refuse(compiler, "out of memory");
	}
	element->pieces = more;
	element->pieces[element->piece_count++] = piece;
	return true;
}

/* Literal text up to the next hole; "{{" and "}}" are halved. Returns what is behind it, or NULL.
 */
static const char *add_literal(struct compiler *compiler, struct element *element, const char *text)
{
	char *literal = malloc(strlen(text) + 1);
	size_t len = 0;
	while (literal && *text) {
		if (text[0] == '{' && text[1] != '{')
			break;
		if (text[0] == '}' && text[1] != '}') {
			free(literal);
			refuse(compiler, "a } without {; a brace is written }}");
			return NULL;
		}
		text += text[0] == '{' || text[0] == '}';
		literal[len++] = *text++;
	}
	if (!literal) {
		refuse(compiler, "out of memory");
		return NULL;
	}
	literal[len] = '\0';
	struct piece piece = {.kind = PIECE_LITERAL, .text = literal};
	return add_piece(compiler, element, piece) ? text : NULL;
}

static bool check_output(struct compiler *compiler)
{
	if (compiler->template->uses_output)
		return refuse(compiler, "{output} stands more than once");
	if (compiler->group)
		return refuse(compiler, "{output} cannot stand in a group");
	compiler->template->uses_output = true;
	compiler->output_program = compiler->program;
	return true;
}

static const char *add_hole(struct compiler *compiler, struct element *element, const char *text)
{
	size_t len = strcspn(text, "{}");
	if (text[len] != '}') {
		text_printf(compiler->error, "run: {%.40s: the brace is not closed", text);
		return NULL;
	}
	struct piece piece;
	if (!template_parse_hole(
		    text, len, compiler->params, compiler->param_count, &piece, compiler->error))
		return NULL;
	if (!add_piece(compiler, element, piece))
		return NULL;
	if (piece.kind == PIECE_OUTPUT && !check_output(compiler))
		return NULL;
	if (piece.kind == PIECE_PARAM)
		compiler->template->used_params |= (uint64_t)1 << piece.param;
	return text + len + 1;
}

/* Whether a value of the parameter can contain a slash that a recipe has not seen. */
static bool may_have_slash(const struct param *param)
{
	for (size_t i = 0; i < param->value_count; i++) {
		const struct param_choice *choice = &param->values[i];
		if (strchr(choice->mapped ? choice->mapped : choice->name, '/'))
			return true;
	}
	return false;
}

/* A name that is made in the job's own directory must not lead out of it. */
static bool check_output_name(struct compiler *compiler, const struct element *element)
{
	bool behind = false;
	for (size_t i = 0; i < element->piece_count; i++) {
		const struct piece *piece = &element->pieces[i];
		if (behind && piece->kind == PIECE_PARAM &&
			compiler->params[piece->param].type == PARAM_TEXT)
			return refuse(compiler, "no text parameter can stand behind {output}");
		if (behind && piece->kind == PIECE_SOURCE)
			return refuse(compiler, "no {source} can stand behind {output}");
		if (behind && ((piece->text && strchr(piece->text, '/')) ||
				      (piece->kind == PIECE_PARAM &&
					      may_have_slash(&compiler->params[piece->param]))))
			return refuse(compiler, "no / can stand behind {output}");
		behind = behind || piece->kind == PIECE_OUTPUT;
	}
	return true;
}

static bool add_program_name(struct compiler *compiler, const struct element *element)
{
	if (compiler->group)
		return refuse(compiler, "a program cannot stand in a group");
	if (element->piece_count != 1 || element->pieces[0].kind != PIECE_LITERAL)
		return refuse(
			compiler, "a program is a plain word: it has no holes and is not empty");
	compiler->template->names[compiler->program] = element->pieces[0].text;
	return true;
}

/* A flag, or what is 1 or nothing. A number may be an argument of its own, as behind "-orient", so
 * it asks only at the head of a group. */
static bool is_question(const struct compiler *compiler, const struct piece *piece)
{
	if (piece->kind == PIECE_FACT)
		return piece->param >= TEMPLATE_ALPHA ||
		       (piece->param >= TEMPLATE_WIDTH && compiler->group_size == 1);
	return piece->kind == PIECE_PARAM && compiler->params[piece->param].type == PARAM_FLAG;
}

static bool add_element(struct compiler *compiler, const char *text)
{
	struct template *template = compiler->template;
	struct element *element = &template->elements[template->element_count++];
	element->program = compiler->program;
	element->group = compiler->group;
	while (*text) {
		text = text[0] == '{' && text[1] != '{' ? add_hole(compiler, element, text + 1)
							: add_literal(compiler, element, text);
		if (!text)
			return false;
	}
	if (compiler->program_size++ == 0 && !add_program_name(compiler, element))
		return false;
	compiler->group_size++;
	const struct piece *only = element->piece_count == 1 ? element->pieces : NULL;
	element->condition = compiler->group && only && !only->text && is_question(compiler, only);
	return check_output_name(compiler, element);
}

static bool add_pipe(struct compiler *compiler)
{
	if (compiler->group)
		return refuse(compiler, "a | cannot stand in a group");
	if (compiler->program_size == 0)
		return refuse(compiler, "a program is empty: a | has one on each side");
	if (++compiler->program == TEMPLATE_PROGRAMS_MAX) {
		text_printf(compiler->error, "run: more than %d programs", TEMPLATE_PROGRAMS_MAX);
		return false;
	}
	compiler->program_size = 0;
	return true;
}

static bool open_group(struct compiler *compiler)
{
	if (compiler->group)
		return refuse(compiler, "groups cannot be nested");
	if (compiler->program_size == 0)
		return refuse(compiler, "a program cannot begin with a group");
	compiler->group = ++compiler->groups;
	compiler->group_size = 0;
	return true;
}

static bool close_group(struct compiler *compiler)
{
	if (!compiler->group)
		return refuse(compiler, "a ] without [ before it");
	if (compiler->group_size == 0)
		return refuse(compiler, "a group is empty");
	compiler->group = 0;
	return true;
}

static bool compile(struct compiler *compiler, const char *const *elements, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool ok = !strcmp(elements[i], "|")   ? add_pipe(compiler)
			  : !strcmp(elements[i], "[") ? open_group(compiler)
			  : !strcmp(elements[i], "]") ? close_group(compiler)
						      : add_element(compiler, elements[i]);
		if (!ok)
			return false;
	}
	struct template *template = compiler->template;
	if (compiler->group)
		return refuse(compiler, "a group is not closed by ]: [ begins one");
	if (compiler->program_size == 0)
		return refuse(compiler,
			count ? "a program is empty: a | has one on each side" : "needs a program");
	if (template->uses_output && compiler->output_program != compiler->program)
		return refuse(compiler, "{output} must stand in the last program");
	template->program_count = compiler->program + 1;
	return true;
}

struct template *template_new(const char *const *elements, size_t count, const struct param *params,
	size_t param_count, char *error, size_t error_size)
{
	struct text line;
	text_init(&line, error, error_size);
	struct template *template = calloc(1, sizeof *template);
	if (template)
		template->elements = calloc(count + 1, sizeof *template->elements);
	struct compiler compiler = {
		.template = template,
		.params = params,
		.param_count = param_count,
		.error = &line,
	};
	if (!template || !template->elements)
		refuse(&compiler, "out of memory");
	else if (count > TEMPLATE_ARGS_MAX)
		text_printf(&line, "run: more than %d elements", TEMPLATE_ARGS_MAX);
	else if (param_count > 64)
		refuse(&compiler, "more than 64 parameters");
	else if (compile(&compiler, elements, count))
		return template;
	template_free(template);
	return NULL;
}

void template_free(struct template *template)
{
	if (!template)
		return;
	for (size_t i = 0; i < template->element_count; i++) {
		struct element *element = &template->elements[i];
		for (size_t n = 0; n < element->piece_count; n++)
			free(element->pieces[n].text);
		free(element->pieces);
	}
	free(template->elements);
	free(template);
}

size_t template_program_count(const struct template *template)
{
	return template->program_count;
}

const char *template_program_name(const struct template *template, size_t program)
{
	return template->names[program];
}

bool template_uses_output(const struct template *template)
{
	return template->uses_output;
}

bool template_uses_picture(const struct template *template)
{
	for (size_t i = 0; i < template->element_count; i++) {
		const struct element *element = &template->elements[i];
		for (size_t n = 0; n < element->piece_count; n++)
			if (element->pieces[n].kind == PIECE_FACT &&
				element->pieces[n].param >= TEMPLATE_WIDTH)
				return true;
	}
	return false;
}

bool template_uses_param(const struct template *template, size_t index)
{
	return index < 64 && (template->used_params >> index & 1);
}
