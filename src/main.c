/* SPDX-License-Identifier: MIT */
/* The command line, and the only place that decides how the process ends. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "spawn/meter.h"
#include "spawn/spawner.h"
#include "src/command/ask.h"
#include "src/command/cache.h"
#include "src/command/explain.h"
#include "src/command/train.h"
#include "src/config/config.h"
#include "src/daemon/server.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, OPTION_TAKE_OVER = 256 };

static const char usage[] =
	"usage: sluice [-c FILE] [-s SOCKET] [--take-over]   serve in the foreground\n"
	"       sluice -t [-c FILE]                   check the configuration\n"
	"       sluice -T [-c FILE]                   check it and print the effective one\n"
	"       sluice explain [-c FILE] [-H FIELD] URL   which recipe, values, source and argv: "
	"nothing is run\n"
	"       sluice render  [-c FILE] [-H FIELD] URL   convert without a web server: body on "
	"stdout\n"
	"       sluice status  [-c FILE] [-s SOCKET] [text | json | openmetrics | html]   ask a "
	"running one\n"
	"       sluice health  [-c FILE] [-s SOCKET]      exit 0 when it can serve\n"
	"       sluice train   [-c FILE] [URL...]         run recipes on samples; print `preload` "
	"lines\n"
	"       sluice cache   [-c FILE] ls | stat | purge PATTERN | verify | warm URL...   the "
	"results that are kept\n"
	"       sluice -h | -V\n"
	"\n"
	"  -c FILE     configuration (default " SLUICE_CONFIG_FILE ")\n"
	"  -s SOCKET   listen there instead, or ask there: unix:PATH, tcp:HOST:PORT, "
	"tcp6:[ADDR]:PORT\n"
	"  --take-over follow the daemon that listens there: no request is lost; without one: just "
	"start\n"
	"  -H FIELD    a header field of the request; \"Accept: image/webp\" is the one that "
	"matters\n"
	"\n"
	"signals: TERM and INT stop after the running requests, a second one at once; HUP reloads "
	"the\n"
	"configuration; USR1 reopens the log\n";

struct arguments {
	const char *config;
	const char *listen;
	struct explain_request request;
	bool test, print, take_over;
};

static int usage_error(const char *message)
{
	fprintf(stderr, "sluice: %s\n%s", message, usage);
	return EXIT_USAGE;
}

/* "Accept: x" → the value; other fields have no meaning here. */
static const char *accept_value(const char *field)
{
	if (strncasecmp(field, "Accept:", 7) != 0)
		return NULL;
	return field + 7 + strspn(field + 7, " \t");
}

static struct config *load(const char *file)
{
	struct config *config = NULL;
	return config_load(file, stderr, &config) == 0 ? config : NULL;
}

/* Returns -1 to go on, or an exit status. */
static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option long_options[] = {
		{"take-over", no_argument, NULL, OPTION_TAKE_OVER}, {0}};
	int option;
	while ((option = getopt_long(argc, argv, "c:s:H:tThV", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_TAKE_OVER:
			arguments->take_over = true;
			break;
		case 'c':
			arguments->config = optarg;
			break;
		case 's':
			arguments->listen = optarg;
			break;
		case 'H':
			arguments->request.accept = accept_value(optarg);
			break;
		case 't':
			arguments->test = true;
			break;
		case 'T':
			arguments->test = arguments->print = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("sluice " SLUICE_VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	return -1;
}

static int run_command(const char *command, const struct arguments *arguments)
{
	struct config *config = load(arguments->config);
	if (!config)
		return EXIT_FAILED;
	int status = !strcmp(command, "explain") ? explain_run(config, &arguments->request)
						 : render_run(config, &arguments->request);
	config_unref(config);
	return status;
}

/* The socket is that of -s, else the one that the configuration listens on. */
static int ask(const char *command, const struct arguments *arguments)
{
	struct config *config = arguments->listen ? NULL : load(arguments->config);
	const char *address = arguments->listen ? arguments->listen
			      : config		? config->listen
						: NULL;
	int status = EXIT_FAILED;
	if (address)
		status = ask_run(address, command);
	else if (config)
		fputs("sluice: the configuration has no `listen`: give the socket with -s\n",
			stderr);
	config_unref(config);
	return status;
}

static int ask_status(const struct arguments *arguments, const char *form)
{
	static const char *const forms[] = {"text", "json", "openmetrics", "html"};
	char command[32];
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!form || !strcmp(form, forms[i])) {
			snprintf(command, sizeof command, "status %s", forms[i]);
			return ask(command, arguments);
		}
	return usage_error("status: text, json, openmetrics or html");
}

static int run_caching(const struct arguments *arguments, char *const *words, int count)
{
	struct config *config = load(arguments->config);
	if (!config)
		return EXIT_FAILED;
	int status =
		caching_run(config, arguments->listen, arguments->request.accept, words, count);
	config_unref(config);
	return status;
}

static bool is_command(const char *command)
{
	return !strcmp(command, "train") || !strcmp(command, "explain") ||
	       !strcmp(command, "render") || !strcmp(command, "status") ||
	       !strcmp(command, "health") || !strcmp(command, "cache");
}

static int train(const struct arguments *arguments, char **urls, int count)
{
	struct config *config = load(arguments->config);
	int status = config ? train_run(config, urls, count) : EXIT_FAILED;
	config_unref(config);
	return status;
}

static int test_config(const struct arguments *arguments)
{
	struct config *config = load(arguments->config);
	if (!config)
		return EXIT_FAILED;
	if (arguments->print)
		config_print(config, stdout);
	else
		fprintf(stderr, "%s: good, %zu recipes\n", arguments->config, config->recipe_count);
	config_unref(config);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], SPAWNER_ARGUMENT))
		spawner_main(argc, argv);
	if (argc > 1 && !strcmp(argv[1], METER_ARGUMENT))
		meter_main(argc, argv);
	struct arguments arguments = {.config = SLUICE_CONFIG_FILE};
	const char *command = NULL;
	if (argc > 1 && argv[1][0] != '-') {
		command = argv[1];
		argv[1] = argv[0];
		argc--;
		argv++;
		if (!is_command(command))
			return usage_error("no such command");
	}
	int status = parse(argc, argv, &arguments);
	if (status >= 0)
		return status;
	if (arguments.take_over && (command || arguments.test))
		return usage_error("--take-over is for serving");
	if (command && !strcmp(command, "status"))
		return argc - optind > 1 ? usage_error("too many arguments")
					 : ask_status(&arguments, argv[optind]);
	if (command && !strcmp(command, "cache"))
		return run_caching(&arguments, argv + optind, argc - optind);
	if (command && !strcmp(command, "health"))
		return argc > optind ? usage_error("too many arguments")
				     : ask("health", &arguments);
	if (command && !strcmp(command, "train"))
		return train(&arguments, argv + optind, argc - optind);
	if (command) {
		if (argc - optind != 1)
			return usage_error("one URL is needed");
		arguments.request.uri = argv[optind];
		return run_command(command, &arguments);
	}
	if (argc > optind)
		return usage_error("too many arguments");
	if (arguments.test)
		return test_config(&arguments);
	struct config *config = load(arguments.config);
	return config ? server_run(config, arguments.listen, arguments.take_over) : EXIT_FAILED;
}
