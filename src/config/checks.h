/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_CHECKS_H
#define SRC_CONFIG_CHECKS_H

/*
 * The functions that the table of options (options.c) names: rules that no bound can express, and
 * defaults that are computed. `record` is a struct config or a struct recipe, as the section says.
 */

#include "src/config/reader.h"

typedef void config_check(
	const struct config_reader *reader, const struct config_value *value, void *record);
typedef void config_derive(const struct config_reader *reader, void *record);

/* file_checks.c */
config_check config_check_listen, config_check_group, config_check_user, config_check_root,
	config_check_prefix, config_check_programs, config_check_temp_path, config_check_log,
	config_check_status_path, config_check_ping_path;
config_check config_check_cache_path, config_check_cache_size, config_check_cache_send,
	config_check_cache_send_from;
config_derive config_derive_temp_path, config_derive_total_slots;

/* recipe_checks.c */
config_check config_check_type, config_check_cache_control, config_check_read, config_check_env,
	config_check_prime, config_check_join, config_check_begin_after;
config_derive config_derive_slots, config_derive_stale, config_derive_join;
config_derive config_read_sources, config_read_exits;

#endif
