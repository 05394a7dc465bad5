/* SPDX-License-Identifier: MIT */
/*
 * The effective configuration, defaults and all, for -T. Everything is printed in single quotes,
 * where libconfuse knows no environment and only two escapes, so that loading it again gives the
 * same.
 */
#include "src/config/internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void put_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

static void put_string(FILE *out, const char *indent, const char *option, const char *text)
{
	fprintf(out, "%s%s = ", indent, option);
	put_quoted(out, text ? text : "");
	fputc('\n', out);
}

static void put_list(FILE *out, const char *option, char *const *list)
{
	if (!list || !list[0])
		return;
	fprintf(out, "    %s = {", option);
	for (size_t i = 0; list[i]; i++) {
		fputs(i ? ", " : "", out);
		put_quoted(out, list[i]);
	}
	fputs("}\n", out);
}

static void put_duration(FILE *out, const char *indent, const char *option, uint64_t ms)
{
	const char *unit = "ms";
	if (ms > 0 && ms % 3600000 == 0) {
		ms /= 3600000;
		unit = "h";
	} else if (ms > 0 && ms % 60000 == 0) {
		ms /= 60000;
		unit = "m";
	} else if (ms % 1000 == 0) {
		ms /= 1000;
		unit = "s";
	}
	fprintf(out, "%s%s = %" PRIu64 "%s\n", indent, option, ms, unit);
}

static void put_scaled(
	FILE *out, const char *indent, const char *option, uint64_t value, uint64_t kilo)
{
	static const char *const units[] = {"", "k", "M", "G"};
	size_t unit = 0;
	while (value > 0 && value % kilo == 0 && unit < 3) {
		value /= kilo;
		unit++;
	}
	fprintf(out, "%s%s = %" PRIu64 "%s\n", indent, option, value, units[unit]);
}

static void put_number(FILE *out, const char *option, double number)
{
	if (isnan(number))
		return;
	/* the fewest decimals that give the same number again */
	char text[400];
	for (int decimals = 0; decimals < 20; decimals++) {
		double again;
		snprintf(text, sizeof(text), "%.*f", decimals, number);
		if (config_parse_number(text, &again) && again == number)
			break;
	}
	fprintf(out, "        %s = %s\n", option, text);
}

static void put_values(FILE *out, const struct param *param)
{
	if (param->value_count == 0)
		return;
	fputs("        values = {", out);
	for (size_t i = 0; i < param->value_count; i++) {
		const struct param_choice *choice = &param->values[i];
		char text[1024];
		bool plain =
			param->type == PARAM_FORMAT || strcmp(choice->name, choice->mapped) == 0;
		snprintf(text, sizeof(text), "%s%s%s", choice->name, plain ? "" : "=",
			plain ? "" : choice->mapped);
		fputs(i ? ", " : "", out);
		put_quoted(out, text);
	}
	fputs("}\n", out);
}

static void put_param(FILE *out, const struct param *param)
{
	fprintf(out, "    param %s {\n        type = %s\n", param->name,
		param_type_name(param->type));
	put_number(out, "min", param->min);
	put_number(out, "max", param->max);
	if (param->min_w)
		fprintf(out, "        min = %ux%u\n", param->min_w, param->min_h);
	if (param->max_w)
		fprintf(out, "        max = %ux%u\n", param->max_w, param->max_h);
	put_values(out, param);
	if (param->allow)
		put_string(out, "        ", "allow", param->allow);
	if (param->required)
		fputs("        required = true\n", out);
	if (param->default_text)
		put_string(out, "        ", "default", param->default_text);
	fputs("    }\n", out);
}

static void put_sources(FILE *out, uint64_t sources)
{
	const char *comma = "    sources = {";
	for (int i = 1; i < MEDIA_TYPES; i++) {
		if (sources & (UINT64_C(1) << i)) {
			fprintf(out, "%s'%s'", comma, media_name((enum media_type)i));
			comma = ", ";
		}
	}
	if (sources)
		fputs("}\n", out);
}

static void put_recipe(FILE *out, const struct recipe *recipe)
{
	const char *indent = "    ";
	fprintf(out, "\nrecipe %s {\n", recipe->name);
	put_string(out, indent, "path", pattern_text(recipe->path));
	put_sources(out, recipe->sources);
	for (size_t i = 0; i < recipe->param_count; i++)
		put_param(out, &recipe->params[i]);
	put_list(out, "run", recipe->run);
	fprintf(out, "    response = %s\n", config_response_names[recipe->response]);
	if (recipe->type)
		put_string(out, indent, "type", recipe->type);
	put_duration(out, indent, "timeout", recipe->timeout_ms);
	put_duration(out, indent, "queue_timeout", recipe->queue_timeout_ms);
	fprintf(out, "    queue = %u\n    weight = %u\n    slots = %u\n", recipe->queue,
		recipe->weight, recipe->slots);
	put_scaled(out, indent, "memory", recipe->memory_bytes, 1024);
	put_duration(out, indent, "cpu", recipe->cpu_s * 1000);
	put_scaled(out, indent, "max_source", recipe->max_source_bytes, 1024);
	put_scaled(out, indent, "max_pixels", recipe->max_pixels, 1000);
	put_scaled(out, indent, "max_output", recipe->max_output_bytes, 1024);
	fprintf(out, "    threads = %u\n    nice = %u\n", recipe->threads, recipe->nice);
	put_scaled(out, indent, "temp_max", recipe->temp_max_bytes, 1024);
	fprintf(out, "    processes = %u\n    open_files = %u\n", recipe->processes,
		recipe->open_files);
	if (recipe->cache_control)
		put_string(out, indent, "cache_control", recipe->cache_control);
	put_list(out, "stderr_fails", recipe->stderr_fails);
	for (size_t i = 0; i < recipe->exit_count; i++)
		fprintf(out, "%s'%d=%d'%s", i ? ", " : "    exits = {", recipe->exits[i].exit,
			recipe->exits[i].status, i + 1 == recipe->exit_count ? "}\n" : "");
	fprintf(out, "    start = %s\n    confine = %s\n", config_start_names[recipe->start],
		config_confine_names[recipe->confine]);
	put_list(out, "read", recipe->read);
	put_list(out, "env", recipe->env);
	fprintf(out, "    cache = %s\n", recipe->cache ? "true" : "false");
	fprintf(out, "    join = %s\n", recipe->join ? "true" : "false");
	put_duration(out, indent, "stale", recipe->stale_ms);
	if (recipe->finish)
		fputs("    finish = true\n", out);
	if (recipe->stdin_source)
		fputs("    stdin = source\n", out);
	put_list(out, "preload", recipe->preload);
	put_list(out, "prime", recipe->prime);
	fputs("}\n", out);
}

void config_print(const struct config *config, FILE *out)
{
	if (config->listen)
		put_string(out, "", "listen", config->listen);
	else
		fputs("# listen: the socket that is inherited\n", out);
	fprintf(out, "socket_mode = 0%03o\n", (unsigned)config->socket_mode);
	put_string(out, "", "socket_group", config->socket_group);
	put_string(out, "", "root", config->root);
	put_string(out, "", "prefix", config->prefix);
	put_string(out, "", "programs", config->programs);
	put_string(out, "", "user", config->user);
	put_string(out, "", "log", config->log);
	fprintf(out, "log_format = %s\n", config_log_format_names[config->log_format]);
	put_duration(out, "", "slow", config->slow_ms);
	put_string(out, "", "status_path", config->status_path);
	put_string(out, "", "ping_path", config->ping_path);
	fprintf(out, "server_timing = %s\n", config->server_timing ? "true" : "false");
	fprintf(out, "request_id = %s\n", config->request_id ? "true" : "false");
	put_string(out, "", "temp_path", config->temp_path);
	fprintf(out, "splice = %s\n", config->splice ? "true" : "false");
	put_duration(out, "", "request_timeout", config->request_timeout_ms);
	put_duration(out, "", "send_timeout", config->send_timeout_ms);
	put_duration(out, "", "shutdown_timeout", config->shutdown_timeout_ms);
	put_scaled(out, "", "memory_total", config->memory_total_bytes, 1024);
	fprintf(out, "slots = %u\nconnections = %u\n", config->slots, config->connections);
	fprintf(out, "confine = %s\n", config_required_names[config->confine_required]);
	if (config->cache_path) {
		fputs("\ncache {\n", out);
		put_string(out, "    ", "path", config->cache_path);
		put_scaled(out, "    ", "size", config->cache_bytes, 1024);
		put_string(out, "    ", "send", config->cache_send);
		if (config->cache_send)
			put_scaled(out, "    ", "send_from", config->cache_send_from_bytes, 1024);
		put_duration(out, "    ", "stale", config->cache_stale_ms);
		fputs("}\n", out);
	}
	for (size_t i = 0; i < config->recipe_count; i++)
		put_recipe(out, config->recipes[i]);
}
