/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_PRINT_OWN_H
#define SRC_CONFIG_PRINT_OWN_H

/* The functions that the table of options (options.c) names for what no type can print. */

#include "src/config/option.h"

typedef void config_put(FILE *out, const struct option *option, const void *record);

config_put config_put_listen, config_put_send_from;
config_put config_put_path, config_put_sources, config_put_run, config_put_exits;
config_put config_put_param_type, config_put_param_bound, config_put_param_values;

#endif
