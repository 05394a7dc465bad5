/* SPDX-License-Identifier: MIT */
/*
 * A compiled template and checked values become argv. Nothing here looks at what a value contains:
 * whatever it is, it ends inside of the element in which its hole stands.
 */
#include "base/text.h"
#include "src/recipe/decimal.h"
#include "src/recipe/template_compiled.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct expansion {
	const struct template *template;
	const struct template_input *input;
	struct text text; /* over out->storage; its NULs separate the elements */
	size_t output_at; /* where {output} was put in it */
};

static long part_of(const struct param_value *value, char part)
{
	switch (part) {
	case 'w':
		return value->w;
	case 'h':
		return value->h;
	case 'x':
		return value->x;
	default:
		return value->y;
	}
}

static bool is_present(const struct piece *piece, const struct template_input *input)
{
	if (piece->kind == PIECE_FACT)
		return input->facts[piece->param];
	const struct param_value *value = &input->values[piece->param];
	return value->present && (!piece->part || part_of(value, piece->part) >= 0);
}

/* A part of a size or region, scaled and rounded; a side is never scaled to nothing. */
static void put_part(struct text *text, const struct param_value *value, char part, int64_t factor)
{
	long n = part_of(value, part);
	if (n < 0)
		return;
	if (factor) {
		int64_t scaled = decimal_multiply((int64_t)n * DECIMAL_ONE, factor);
		n = (long)((scaled + DECIMAL_ONE / 2) / DECIMAL_ONE);
		if (n == 0 && (part == 'w' || part == 'h'))
			n = 1;
	}
	text_printf(text, "%ld", n);
}

static void put_scaled(
	struct text *text, const struct param_value *value, int64_t factor, int64_t offset)
{
	if (value->w >= 0 || value->h >= 0) {
		put_part(text, value, 'w', factor);
		text_puts(text, "x");
		put_part(text, value, 'h', factor);
		if (value->x < 0)
			return;
		text_puts(text, "+");
		put_part(text, value, 'x', factor);
		text_puts(text, "+");
		put_part(text, value, 'y', factor);
		return;
	}
	char out[DECIMAL_TEXT_MAX];
	int64_t number = llround(value->number * DECIMAL_ONE);
	decimal_format((factor ? decimal_multiply(number, factor) : number) + offset, out);
	text_puts(text, out);
}

/* Returns false when the piece stands for nothing: an absent parameter without a default. */
static bool put_param(struct expansion *expansion, const struct piece *piece)
{
	const struct param_value *value = &expansion->input->values[piece->param];
	struct text *text = &expansion->text;
	if (!is_present(piece, expansion->input)) {
		text_puts(text, piece->text ? piece->text : "");
		return piece->text && *piece->text;
	}
	if (piece->part)
		put_part(text, value, piece->part, piece->factor);
	else if (piece->factor || piece->offset)
		put_scaled(text, value, piece->factor, piece->offset);
	else
		text_puts(text, value->canonical);
	return !piece->droppable || *value->canonical;
}

static bool put_fact(struct expansion *expansion, const struct piece *piece)
{
	const char *fact = expansion->input->facts[piece->param];
	const char *shown = fact ? fact : piece->text ? piece->text : "";
	text_puts(&expansion->text, shown);
	return *shown;
}

/* Returns false when the element consists of holes that stand for nothing. An empty literal is an
 * element. */
static bool put_element(struct expansion *expansion, const struct element *element)
{
	struct text *text = &expansion->text;
	bool something = element->piece_count == 0;
	for (size_t i = 0; i < element->piece_count; i++) {
		const struct piece *piece = &element->pieces[i];
		bool stands = true;
		switch (piece->kind) {
		case PIECE_LITERAL:
			text_puts(text, piece->text);
			break;
		case PIECE_PARAM:
			stands = put_param(expansion, piece);
			break;
		case PIECE_SOURCE:
			text_puts(text, expansion->input->source_path);
			break;
		case PIECE_SOURCE_FD:
			text_printf(text, "%d", expansion->input->source_fd);
			break;
		case PIECE_SOURCE_FORMAT:
			text_puts(text, expansion->input->source_format);
			break;
		case PIECE_FACT:
			stands = put_fact(expansion, piece);
			break;
		case PIECE_OUTPUT:
			expansion->output_at = text->len;
			text_puts(text, expansion->input->output_path);
			break;
		}
		something = something || stands;
	}
	return something;
}

/* As an answer to the question whether a picture is turned, or has several frames. */
static bool is_single(const struct piece *piece, const struct template_input *input)
{
	const char *fact = piece->kind == PIECE_FACT ? input->facts[piece->param] : NULL;
	switch (fact ? (int)piece->param : TEMPLATE_FACTS) {
	case TEMPLATE_ORIENTATION:
	case TEMPLATE_FRAMES:
		return strcmp(fact, "1") == 0;
	case TEMPLATE_ORIENTATION_NAME:
		return strcmp(fact, "TopLeft") == 0;
	default:
		return false;
	}
}

/* The first element behind the group of elements[first] when a parameter in it is absent, else
 * first. */
static size_t skip_group(const struct expansion *expansion, size_t first)
{
	const struct template *template = expansion->template;
	unsigned group = template->elements[first].group;
	bool drop = false;
	size_t end = first;
	for (; end < template->element_count && template->elements[end].group == group; end++) {
		const struct element *element = &template->elements[end];
		for (size_t i = 0; i < element->piece_count; i++) {
			const struct piece *piece = &element->pieces[i];
			bool may_drop = piece->kind == PIECE_PARAM || piece->kind == PIECE_FACT;
			drop = drop ||
			       (may_drop && !piece->text && !is_present(piece, expansion->input)) ||
			       (element->condition && is_single(piece, expansion->input));
		}
	}
	return drop ? end : first;
}

static bool uses_source(const struct element *element)
{
	for (size_t i = 0; i < element->piece_count; i++)
		if (element->pieces[i].kind == PIECE_SOURCE ||
			element->pieces[i].kind == PIECE_SOURCE_FD)
			return true;
	return false;
}

int template_expand(const struct template *template, const struct template_input *input,
	struct template_argv *out)
{
	struct expansion expansion = {.template = template, .input = input};
	struct text *text = &expansion.text;
	text_init(text, out->storage, sizeof out->storage);
	out->program_count = template->program_count;
	out->output = NULL;
	size_t pointer = 0, args = 0;
	for (unsigned p = 0, i = 0; p < template->program_count; p++) {
		out->programs[p] = (struct template_program){.argv = &out->pointers[pointer]};
		while (i < template->element_count && template->elements[i].program == p) {
			const struct element *element = &template->elements[i];
			bool first =
				element->group && template->elements[i - 1].group != element->group;
			size_t next = first ? skip_group(&expansion, i) : i;
			if (next != i) {
				i = (unsigned)next;
				continue;
			}
			i++;
			size_t begin = text->len;
			if (element->condition || !put_element(&expansion, element))
				continue;
			text_append(text, "", 1);
			if (text->overflow || ++args > TEMPLATE_ARGS_MAX)
				return -E2BIG;
			out->pointers[pointer++] = out->storage + begin;
			out->programs[p].uses_source |= uses_source(element);
		}
		out->pointers[pointer++] = NULL;
	}
	if (template->uses_output)
		out->output = out->storage + expansion.output_at;
	return 0;
}
