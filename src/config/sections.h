/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_SECTIONS_H
#define SRC_CONFIG_SECTIONS_H

/* The sections of the file, from the whole file down to what a recipe runs. */

#include "src/config/reader.h"

/* build.c: fills config, which is zeroed, from the parsed file. */
void config_build(const struct config_tree *tree, const struct option *options, const char *file,
	struct config *config, struct config_report *report);
/* recipe.c: reads one `recipe` section; NULL when memory ran out. What is wrong is in the report.
 * `complete` is false when the file broke off in the section: then nothing is called missing. */
struct recipe *config_recipe(const struct config_reader *file, const struct config_node *node,
	const struct option *options, bool complete);
/* param.c: reads one `param` section into *param. False when its type is unknown. */
bool config_param(const struct config_reader *recipe, const struct config_node *node,
	const struct option *options, struct param *param);
/* run.c: reads `run`; used[i]: params[i] stands in the path. */
void config_run(const struct config_reader *reader, struct recipe *recipe, const bool *used);
/* where.c: resolves `where`, and adds the file's `ignore`, when the params are known. */
void config_where(const struct config_reader *reader, struct recipe *recipe);
void config_ignore(const struct config_reader *reader, struct recipe *recipe);
/* Whether recipes of this path are told apart by params[param] of the recipe. */
bool config_decides(const struct config *config, const struct recipe *recipe, size_t param);
/* programs.c: finds the programs of the recipe. */
void config_programs(
	const struct config_reader *reader, const char *programs, struct recipe *recipe);
/* preload.c: finds what `preload` names, when the programs are known. */
void config_preload(const struct config_reader *reader, struct recipe *recipe);
/* reached.c: warns of recipes that no request can reach. */
void config_reached(
	const struct config_node *node, const struct config *config, struct config_report *report);
/* memory.c: checks that memory_total can hold, and computes what it keeps from live recipes. */
void config_memory(
	const struct config_node *node, struct config *config, struct config_report *report);

#endif
