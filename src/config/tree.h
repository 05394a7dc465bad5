/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_TREE_H
#define SRC_CONFIG_TREE_H

/*
 * The parsed file: nodes (sections) with values, each of which knows its line. tree.c is the only
 * file that knows libconfuse.
 */

#include <stdbool.h>
#include <stddef.h>

#include "src/config/option.h"
#include "src/config/report.h"

struct config_node;
struct config_value {
	unsigned line;
	char text[];
};

struct config_tree {
	struct config_node *root; /* NULL: memory ran out */
	bool whole;		  /* false: parsing broke off */
	bool in_section;	  /* and it did so within a section */
};

/* Parses text. What is wrong with it is in the report; the tree has what could be read. Not more
 * than one thread at a time gets in: libconfuse's lexer is global. */
void config_tree_parse(struct config_tree *tree, const struct option *options, char *text,
	size_t size, struct config_report *report);
/* Nodes and values live until then. */
void config_tree_free(struct config_tree *tree);

const char *config_node_title(const struct config_node *node); /* "" for the file itself */
unsigned config_node_line(const struct config_node *node);
size_t config_node_count(const struct config_node *node, const char *option);
/* NULL when the option is not given or has fewer values. */
const struct config_value *config_node_value(
	const struct config_node *node, const char *option, size_t index);
size_t config_node_sections(const struct config_node *node, const char *name);
struct config_node *config_node_section(
	const struct config_node *node, const char *name, size_t index);

#endif
