/* SPDX-License-Identifier: MIT */
/*
 * `include "FILE"`. libconfuse could include files by itself, but it takes paths from the working
 * directory, opens whatever it is told to, and knows no circle. And each file has to be scanned
 * before libconfuse sees it. So the files are put together first. Each is scanned by itself, up to
 * its next `include`; what that names is scanned then, and the rest of the first file after it. The
 * files that wait for that stand on a stack of fixed depth.
 *
 * Everything that could grow has a bound for all files together.
 */
#include "src/config/assemble.h"

#include <stdlib.h>
#include <string.h>

#include "src/config/directory.h"
#include "src/config/file.h"
#include "src/config/scan.h"

enum { DEPTH_MAX = 8, FILES_MAX = 100, TEXT_BYTES_MAX = 1024 * 1024 };

/* A file that is being read, or waits for the one above it. */
struct level {
	struct scan scan;
	struct config_file file;
	const char *from; /* what is not in the text yet begins here */
	size_t source;	  /* which one of the report's places */
};

struct assembly {
	struct config_report *report;
	struct config_text *text;
	unsigned line; /* of the text, the last one */
	bool good;
	size_t depth, file_count;
	struct level levels[DEPTH_MAX];
	struct config_file files[FILES_MAX]; /* all so far, without their texts */
};

static bool is_same(const struct config_file *a, const struct config_file *b)
{
	return a->inode == b->inode && a->device == b->device;
}

static void append(struct assembly *assembly, const char *from, size_t length)
{
	struct config_text *text = assembly->text;
	char *more = realloc(text->data, text->size + length + 1);
	if (!more) {
		assembly->report->out_of_memory = true;
		return;
	}
	text->data = more;
	memcpy(text->data + text->size, from, length);
	text->size += length;
	text->data[text->size] = '\0';
	for (size_t i = 0; i < length; i++)
		assembly->line += from[i] == '\n';
}

/* What the scan of this file has passed goes to the text. */
static void append_passed(struct assembly *assembly, struct level *level)
{
	append(assembly, level->from, (size_t)(level->scan.at - level->from));
	level->from = level->scan.at;
}

/* What follows is on a line of its own. */
static void begin_piece(struct assembly *assembly, size_t source, unsigned line)
{
	append(assembly, "\n", 1);
	if (!config_places_add(&assembly->report->places, assembly->line, source, line))
		assembly->report->out_of_memory = true;
}

/* The file becomes the top of the stack. Takes its text and the name. */
static void push(struct assembly *assembly, const struct config_file *file, char *name)
{
	struct config_report *report = assembly->report;
	struct level *level = &assembly->levels[assembly->depth];
	const size_t braces = assembly->depth > 0 ? level[-1].scan.braces : 0;
	*level = (struct level){
		.file = *file, .from = file->text, .source = report->places.file_count};
	if (file->changed > assembly->text->changed)
		assembly->text->changed = file->changed;
	char *directory = name ? config_directory_of(report, name) : NULL;
	if (!config_places_add_file(&report->places, name, directory))
		report->out_of_memory = true;
	if (assembly->depth > 0)
		begin_piece(assembly, level->source, 1);
	assembly->depth++;
	assembly->files[assembly->file_count] = *file;
	assembly->files[assembly->file_count++].text = NULL;
	config_scan_begin(&level->scan, file->text, file->size, assembly->line, report);
	level->scan.braces = braces;
}

/* The file has ended; the one that includes it goes on behind its `include`. */
static void pop(struct assembly *assembly)
{
	struct level *level = &assembly->levels[--assembly->depth];
	unsigned line;
	assembly->good = assembly->good && !level->scan.broken;
	free(level->file.text);
	if (assembly->depth == 0)
		return;
	level[-1].scan.braces = level->scan.braces;
	level--;
	config_place(&assembly->report->places, level->scan.line, &line);
	begin_piece(assembly, level->source, line);
	level->scan.line = assembly->line;
}

/* The path of what the top of the stack includes, to be freed: as it is written, or in the folder
 * of that file. */
static char *included_name(struct assembly *assembly)
{
	const struct level *level = &assembly->levels[assembly->depth - 1];
	const struct scan_piece *quoted = &level->scan.included;
	const char *directory = assembly->report->places.files[level->source].directory;
	const size_t length = strlen(directory);
	char *name = malloc(length + quoted->length), *to = name;
	if (!name) {
		assembly->report->out_of_memory = true;
		return NULL;
	}
	if (quoted->text[1] != '/') {
		memcpy(to, directory, length);
		to += length;
		if (to[-1] != '/')
			*to++ = '/';
	}
	memcpy(to, quoted->text + 1, quoted->length - 2);
	to[quoted->length - 2] = '\0';
	return name;
}

/* The statement is not for libconfuse. Its line breaks stay, so that all lines are counted. */
static void blank_statement(struct level *level)
{
	char *statement = level->file.text + (level->scan.name.text - level->file.text);
	for (; statement < level->scan.at; statement++)
		if (*statement != '\n')
			*statement = ' ';
}

/* Why the file that has been read is not taken; NULL: it is. A file is taken once: its recipes
 * cannot have their names twice. */
static const char *refusal(const struct assembly *assembly, const struct config_file *file)
{
	for (size_t i = assembly->depth; i-- > 0;)
		if (is_same(&assembly->levels[i].file, file))
			return i + 1 == assembly->depth ? "is this file itself"
							: "includes this file: a circle";
	for (size_t i = 0; i < assembly->file_count; i++)
		if (is_same(&assembly->files[i], file))
			return "is included already";
	if (assembly->depth == DEPTH_MAX)
		return "stands too deep: too many files that include each other";
	if (assembly->file_count == FILES_MAX)
		return "is one file too many";
	if (assembly->text->size + file->size > TEXT_BYTES_MAX)
		return "makes the configuration too large";
	return NULL;
}

/* Takes name. */
static void include(struct assembly *assembly, char *name)
{
	struct config_file file;
	char problem[CONFIG_FILE_PROBLEM_MAX];
	const char *reason = problem;
	if (config_file_read(name, true, &file, problem))
		reason = refusal(assembly, &file);
	if (!reason) {
		push(assembly, &file, name);
		return;
	}
	config_error(assembly->report, assembly->levels[assembly->depth - 1].scan.line,
		"include: %.300s %s", name, reason);
	assembly->good = false;
	free(file.text);
	free(name);
}

static void assemble(struct assembly *assembly)
{
	while (assembly->depth > 0 && !assembly->report->out_of_memory) {
		struct level *level = &assembly->levels[assembly->depth - 1];
		bool more = config_scan_next(&level->scan);
		char *name = more ? included_name(assembly) : NULL;
		if (more)
			blank_statement(level);
		append_passed(assembly, level);
		if (name)
			include(assembly, name);
		else if (!more)
			pop(assembly);
	}
	while (assembly->depth > 0)
		free(assembly->levels[--assembly->depth].file.text);
}

bool config_assemble(const char *file, struct config_report *report, struct config_text *text)
{
	struct assembly assembly = {.report = report, .text = text, .line = 1, .good = true};
	struct config_file first;
	char problem[CONFIG_FILE_PROBLEM_MAX];
	*text = (struct config_text){.data = NULL};
	if (!config_file_read(file, false, &first, problem)) {
		config_error(report, 0, "%s", problem);
		return false;
	}
	push(&assembly, &first, config_strdup(report, file));
	assemble(&assembly);
	return assembly.good && !report->out_of_memory;
}
