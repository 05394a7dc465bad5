/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_TEMPLATE_H
#define SRC_RECIPE_TEMPLATE_H

/*
 * A recipe's `run`: argv elements with {holes}, optional groups "[" … "]", and "|" between
 * programs. Compiled once, expanded for every request. Pure, any thread (a compiled template is
 * immutable).
 *
 *   {name} {name.w} {name*2} {name.h|-2} {name|text}   a checked parameter, its part, scaled, with a value for an absent one;
 *                                              scaling and part may stand together: {size.w*2|0};
 * {size*2} scales both parts
 *   {at-10} {n*4.8-0.04}                       numbers and times, also with something added
 *   {source} {source.fd} {source.format}       the open file: /dev/fd/3, 3, jpeg
 *   {source.duration} {source.video|V:0}       facts about the source (enum template_fact), like
 *                                              a parameter absent when the source does not tell:
 *                                              with |default, and dropping a group
 *   {output}                                   a seekable file instead of stdout; text behind it in the same element
 *                                              ("{output}.webp") belongs to the name
 *   "[" … "]"  (elements of their own)         drop out when a parameter in them is absent (or a flag is false);
 *                                              not nested; a flag may stand as {flag} with an
 * element that becomes "" and is then left out: "[", "{flag}", "-strip", "]"; so may
 * TEMPLATE_ALPHA and those behind it, and at the head of a group a number of frames or an
 * orientation, where one frame, or 1, is a no
 *   "|"        (an element of its own)         the next program, at most TEMPLATE_PROGRAMS_MAX
 *   "{{" "}}"                                  braces
 * An absent parameter outside of a group without |default makes its element an empty piece of text;
 * an element that consists of absent holes alone is left out (a choice that maps to "" counts as
 * absent there, but drops no group).
 */

#include <stdbool.h>
#include <stddef.h>

#include "src/recipe/param.h"

enum { TEMPLATE_PROGRAMS_MAX = 4, TEMPLATE_ARGS_MAX = 256, TEMPLATE_BYTES_MAX = 32768 };

struct template;

/* What a source tells about itself, as text: {source.NAME} (template_hole.c has the names). */
enum template_fact {
	TEMPLATE_DURATION, /* seconds */
	TEMPLATE_VIDEO,	   /* FFmpeg's specifier of the stream that is the film: v:1 */
	TEMPLATE_SOUND,	   /* the same of the first sound that can be decoded: a:0 */
	TEMPLATE_MATRIX,   /* FFmpeg's name of what YUV means: bt709 */
	TEMPLATE_TRANSFER, /* FFmpeg's name, of HDR only: smpte2084, arib-std-b67 */
	TEMPLATE_WIDTH,	   /* of a picture as it is stored, before any turning */
	TEMPLATE_HEIGHT,
	TEMPLATE_ORIENTATION,	   /* 1 to 8 as in EXIF */
	TEMPLATE_ORIENTATION_NAME, /* TopLeft to LeftBottom */
	TEMPLATE_FRAMES,	   /* of an animation; pages of a TIFF; else 1 */
	TEMPLATE_ALPHA,		   /* 1: some of it may be transparent */
	TEMPLATE_PROFILE,	   /* 1: it has an ICC profile that can be believed */
	TEMPLATE_INVERTED,	   /* 1: a TIFF of 2 or 4 bits whose 0 is white */
	TEMPLATE_CANVAS,	   /* 1: the first frame is only a part of the screen */
	TEMPLATE_FACTS,
};

/* What the holes mean in one request. values[i] belongs to params[i] of template_new. */
struct template_input {
	const struct param_value *values;
	const char *source_path;	   /* {source}: "/dev/fd/3" */
	int source_fd;			   /* {source.fd} */
	const char *source_format;	   /* {source.format} */
	const char *facts[TEMPLATE_FACTS]; /* NULL: not known */
	const char *
		output_path; /* {output} without what follows it; NULL when the template has none */
};

struct template_program {
	char **argv;	  /* NULL-terminated */
	bool uses_source; /* {source} or {source.fd} stands in it */
};

struct template_argv {
	size_t program_count;
	struct template_program programs[TEMPLATE_PROGRAMS_MAX];
	const char *output; /* the file's whole name: {output} and what follows it; NULL: the
			       template has none */
	char *pointers[TEMPLATE_ARGS_MAX + TEMPLATE_PROGRAMS_MAX];
	char storage[TEMPLATE_BYTES_MAX];
};

/* Compiles `count` elements. Holes are resolved against params. The first element of each program
 * must be free of holes (no value from outside chooses a program). Returns NULL and one line in
 * error. */
struct template *template_new(const char *const *elements, size_t count, const struct param *params,
	size_t param_count, char *error, size_t error_size);
void template_free(struct template *template);

size_t template_program_count(const struct template *template);
const char *template_program_name(
	const struct template *template, size_t program); /* argv[0] as written */
bool template_uses_output(const struct template *template);
/* Whether it has holes from TEMPLATE_WIDTH on. */
bool template_uses_picture(const struct template *template);
/* True when params[index] is used anywhere (the configuration warns about one that is not). */
bool template_uses_param(const struct template *template, size_t index);

/* Fills *out, whose pointers lead into itself. Returns 0, or -E2BIG when the argv does not fit. */
int template_expand(const struct template *template, const struct template_input *input,
	struct template_argv *out);

#endif
