/* SPDX-License-Identifier: MIT */
/*
 * The configuration from its text: what it means, and what is said about mistakes, with line
 * numbers. Files are made in a temporary directory; messages are compared without the file's name.
 */
#include "tests/unit/unit.h"

#include "src/config/config.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/sluice-test-config-XXXXXX";
static char file[sizeof(directory) + 20];
static char said[64 * 1024];

/* The smallest recipe that nothing is said about. */
#define GOOD "recipe good { path = \"/{source}\" run = {\"cat\", \"{source}\"} }\n"
#define ROOT "root = \"/usr\"\n"

static int (*loader)(const char *file, FILE *errors, struct config **out) = config_load;

static int load_bytes(const char *text, size_t size, struct config **config)
{
	FILE *out = fopen(file, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, size, out), size);
	fclose(out);
	memset(said, 0, sizeof(said));
	FILE *errors = fmemopen(said, sizeof(said) - 1, "w");
	assert_non_null(errors);
	int result = loader(file, errors, config);
	fclose(errors);
	/* without the name of the file */
	char *to = said;
	size_t prefix = strlen(file) + 1;
	for (char *from = said; *from;) {
		assert_memory_equal(from, file, prefix - 1);
		char *end = strchr(from, '\n');
		assert_non_null(end);
		size_t n = (size_t)(end + 1 - (from + prefix));
		memmove(to, from + prefix, n);
		to += n;
		from = end + 1;
	}
	*to = '\0';
	return result;
}

static struct config *load(const char *text)
{
	struct config *config = NULL;
	int result = load_bytes(text, strlen(text), &config);
	if (result != 0)
		print_error("%s", said);
	assert_int_equal(result, 0);
	assert_non_null(config);
	return config;
}

static void refuse(const char *text)
{
	struct config *config = NULL;
	assert_int_equal(load_bytes(text, strlen(text), &config), CONFIG_E_INVALID);
	assert_null(config);
}

static void refuse_with(const char *text, const char *message)
{
	refuse(text);
	if (!strstr(said, message))
		print_error("wanted: %s\nsaid: %s", message, said);
	assert_non_null(strstr(said, message));
}

/* `option` in a recipe, on line 3. */
static void refuse_option(const char *option, const char *message)
{
	char text[4096], line[512];
	snprintf(text, sizeof(text),
		ROOT "recipe r { path = \"/{source}\" run = {\"cat\", \"{source}\"}\n%s }\n",
		option);
	snprintf(line, sizeof(line), "3: recipe 'r': %s", message);
	refuse_with(text, line);
}

static const struct recipe *load_option(const char *option, struct config **config)
{
	char text[8192];
	snprintf(text, sizeof(text),
		ROOT "recipe r { path = \"/{source}\" run = {\"cat\", \"{source}\"}\n%s }\n",
		option);
	*config = load(text);
	return (*config)->recipes[0];
}

static void defaults(void **state)
{
	(void)state;
	struct config *config = load(ROOT GOOD "recipe live { path='/l/{source}' "
					       "run={cat,'{source}'} response=live type='a/b' }");
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	assert_string_equal(said, "");
	assert_string_equal(config->file, file);
	assert_null(config->listen);
	assert_int_equal(config->socket_mode, 0660);
	assert_null(config->socket_group);
	assert_string_equal(config->root, "/usr");
	assert_string_equal(config->prefix, "");
	assert_string_equal(config->programs, "/usr/bin:/bin");
	assert_null(config->user);
	assert_null(config->log);
	assert_int_equal(config->log_format, LOG_FORMAT_TEXT);
	assert_int_equal(config->slow_ms, 0);
	assert_null(config->status_path);
	assert_null(config->ping_path);
	assert_false(config->server_timing || config->request_id);
	assert_non_null(config->temp_path);
	assert_true(config->splice);
	assert_int_equal(config->request_timeout_ms, 10000);
	assert_int_equal(config->send_timeout_ms, 60000);
	assert_int_equal(config->shutdown_timeout_ms, 30000);
	assert_in_range(config->slots, 1, processors);
	assert_in_range(config->connections, 1, 16384);
	assert_int_equal(config->recipe_count, 2);
	const struct recipe *whole = config->recipes[0], *live = config->recipes[1];
	assert_string_equal(whole->name, "good");
	assert_int_equal(whole->sources, 0);
	assert_int_equal(whole->format_param, -1);
	assert_int_equal(whole->response, RECIPE_WHOLE);
	assert_null(whole->type);
	assert_int_equal(whole->timeout_ms, 30000);
	assert_int_equal(whole->queue_timeout_ms, 5000);
	assert_int_equal(whole->queue, 64);
	assert_int_equal(whole->slots, config->slots);
	assert_int_equal(whole->memory_bytes, 1 << 30);
	assert_int_equal(whole->cpu_s, 0);
	assert_int_equal(whole->max_source_bytes, 256 << 20);
	assert_int_equal(whole->max_pixels, 100000000);
	assert_int_equal(whole->max_output_bytes, 1 << 30);
	assert_int_equal(whole->threads, 1);
	assert_int_equal(whole->start, RECIPE_WARM);
	assert_int_equal(whole->confine, RECIPE_CONFINE_STANDARD);
	assert_false(whole->stdin_source);
	assert_null(whole->stderr_fails[0]);
	assert_int_equal(live->response, RECIPE_LIVE);
	assert_int_equal(live->slots, 16);
	assert_int_equal(live->max_source_bytes, UINT64_C(16) << 30);
	assert_int_equal(live->max_output_bytes, 0);
	struct config *same = config_ref(config);
	assert_ptr_equal(same, config);
	config_unref(same);
	config_unref(config);
	config_unref(NULL);
}

static const char everything[] =
	"# a comment at once\n"
	"listen = 'unix:/run/sluice.sock' // another\n"
	"socket_mode = 600\n"
	"root = /usr\n"
	"prefix = /media\n"
	"programs = \"/bin:/usr/bin\"\n"
	"log = /var/log/sluice.log log_format = json slow = 2s\n"
	"status_path = '/-/status' ping_path = /-/ping server_timing = on request_id = on\n"
	"temp_path = /tmp\n"
	"splice = off\n"
	"request_timeout = 1500ms\n"
	"send_timeout = \"2m\"\n"
	"shutdown_timeout = 1h\n"
	"slots = 3 connections = 100\n"
	"recipe zebra {\n"
	"  path = '/z/{s}/{source}'\n"
	"  sources = {\"jpg\", png, /* a comment\n in a list */ 'gif'}\n"
	"  param s { type = size max = 4096x2048 min = 2x3 required = true }\n"
	"  param i { type = integer min = -10 max = 10 default = -3 }\n"
	"  param n { type = number min = -0.5 max = 1.25 }\n"
	"  param t { type = time max = 1:30.5 default = 10 }\n"
	"  param c { type = choice values = {\"contain=\", \"cover=^\", plain} default = cover }\n"
	"  param k { type = color default = 'fff' }\n"
	"  param r { type = region }\n"
	"  param f { type = flag }\n"
	"  param o { type = format values = {webp, jpg} }\n"
	"  param x { type = text max = 20 allow = '.,' }\n"
	"  run = {\"cat\", # what\n"
	"    \"{source}{s}{i}{n}{t}{c}{k}{r}{x}{o}\", \"[\", \"{f}\", -x, \"]\", \"|\", "
	"\"sluice-no-such-program\", '$$ \\\\\\''}\n"
	"  type = 'image/jpeg'\n"
	"  timeout = 5s queue_timeout = 0\n"
	"}\n";

static void memory_is_kept_for_whole_ones(void **state)
{
	(void)state;
	struct config *config = load(
		ROOT "memory_total = 3G\n" GOOD "recipe l { path = '/l/{source}' run = {cat, "
		     "'{source}'} response = live type = 'a/b' memory = 2G }\n"
		     "recipe m { path = '/m/{source}' run = {cat, '{source}'} memory = 7M }\n");
	assert_string_equal(said, "");
	assert_int_equal(config->memory_total_bytes, 3ull << 30);
	assert_int_equal(config->kept_memory_bytes, 1ull << 30);
	config_unref(config);
}

static void everything_is_read(void **state)
{
	(void)state;
	struct config *config = load(everything);
	assert_string_equal(said,
		"30: warning: program 'sluice-no-such-program' not found in /bin:/usr/bin: "
		"recipe 'zebra' will answer 500 until it is installed\n");
	assert_string_equal(config->listen, "unix:/run/sluice.sock");
	assert_int_equal(config->socket_mode, 0600);
	assert_string_equal(config->prefix, "/media");
	assert_string_equal(config->log, "/var/log/sluice.log");
	assert_int_equal(config->log_format, LOG_FORMAT_JSON);
	assert_int_equal(config->slow_ms, 2000);
	assert_string_equal(config->status_path, "/-/status");
	assert_string_equal(config->ping_path, "/-/ping");
	assert_true(config->server_timing && config->request_id);
	assert_false(config->splice);
	assert_int_equal(config->request_timeout_ms, 1500);
	assert_int_equal(config->send_timeout_ms, 120000);
	assert_int_equal(config->shutdown_timeout_ms, 3600000);
	assert_int_equal(config->slots, 3);
	assert_int_equal(config->connections, 100);
	const struct recipe *recipe = config->recipes[0];
	assert_int_equal(recipe->sources, 1 << MEDIA_JPEG | 1 << MEDIA_PNG | 1 << MEDIA_GIF);
	assert_int_equal(recipe->param_count, 10);
	const struct param *p = recipe->params;
	assert_string_equal(p[0].name, "s");
	assert_true(p[0].required);
	assert_int_equal(p[0].min_w * 10000 + p[0].min_h, 20003);
	assert_int_equal(p[0].max_w * 10000 + p[0].max_h, 40962048);
	assert_true(p[1].min == -10 && p[1].max == 10);
	assert_string_equal(p[1].default_text, "-3");
	assert_true(p[2].min == -0.5 && p[2].max == 1.25);
	assert_true(isnan(p[3].min) && p[3].max == 90.5);
	assert_int_equal(p[4].value_count, 3);
	assert_string_equal(p[4].values[0].mapped, "");
	assert_string_equal(p[4].values[1].name, "cover");
	assert_string_equal(p[4].values[1].mapped, "^");
	assert_string_equal(p[4].values[2].mapped, "plain");
	assert_int_equal(p[7].type, PARAM_FLAG);
	assert_int_equal(recipe->format_param, 8);
	assert_string_equal(p[8].values[1].name, "jpeg");
	assert_string_equal(p[9].allow, ".,");
	assert_string_equal(recipe->run[0], "cat");
	assert_string_equal(recipe->run[recipe->run_count - 1], "$$ \\'");
	assert_null(recipe->run[recipe->run_count]);
	assert_string_equal(recipe->program_paths[0], "/bin/cat");
	assert_null(recipe->program_paths[1]);
	assert_int_equal(recipe->queue_timeout_ms, 0);
	config_unref(config);
}

static void recipe_options(void **state)
{
	(void)state;
	struct config *config;
	const struct recipe *r = load_option(
		"timeout = 1m queue = 0 queue_timeout = 2s weight = 3 slots = 7 memory = 64M cpu = "
		"1500ms "
		"max_source = 1G\n"
		"max_pixels = 5M max_output = 64k threads = 4 cache_control = 'max-age=60'\n"
		"stderr_fails = {'Premature end', truncated} exits = {\"3=404\", \"1=415\"} start "
		"= cold confine = strict\n"
		"read = {/usr/share, /etc} env = {\"A=b=c\", \"_X=\"} stdin = source\n"
		"preload = {\"libc.so.6\"} prime = {vips_init} type = text/plain response = "
		"live",
		&config);
	assert_string_equal(said, "");
	assert_int_equal(r->timeout_ms, 60000);
	assert_int_equal(r->queue, 0);
	assert_int_equal(r->queue_timeout_ms, 2000);
	assert_int_equal(r->slots, 7);
	assert_int_equal(r->weight, 3);
	assert_int_equal(r->memory_bytes, 64 << 20);
	assert_int_equal(r->cpu_s, 2);
	assert_int_equal(r->max_source_bytes, 1 << 30);
	assert_int_equal(r->max_pixels, 5000000);
	assert_int_equal(r->max_output_bytes, 65536);
	assert_int_equal(r->threads, 4);
	assert_string_equal(r->cache_control, "max-age=60");
	assert_string_equal(r->stderr_fails[0], "Premature end");
	assert_string_equal(r->stderr_fails[1], "truncated");
	assert_null(r->stderr_fails[2]);
	assert_int_equal(r->exit_count, 2);
	assert_int_equal(r->exits[0].exit, 3);
	assert_int_equal(r->exits[0].status, 404);
	assert_int_equal(r->start, RECIPE_COLD);
	assert_int_equal(r->confine, RECIPE_CONFINE_STRICT);
	assert_string_equal(r->read[1], "/etc");
	assert_string_equal(r->env[0], "A=b=c");
	assert_true(r->stdin_source);
	assert_string_equal(r->preload[0], "libc.so.6");
	assert_string_equal(r->prime[0], "vips_init");
	assert_string_equal(r->type, "text/plain");
	config_unref(config);
}

static void suggestions(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"timeout = 10", "timeout = 10: did you mean 10s?\n"},
		{"timeout = \"10\"", "timeout = 10: did you mean 10s?\n"},
		{"timeout = 10sec", "timeout = 10sec: did you mean 10s?\n"},
		{"timeout = '5 min'", "timeout = 5 min: did you mean 5m?\n"},
		{"timeout = 1.5s", "timeout = 1.5s: did you mean 1500ms?\n"},
		{"timeout = soon", "timeout = soon: write 500ms, 10s, 5m or 1h\n"},
		{"timeout = -3s", "timeout = -3s: write 500ms"},
		{"timeout = 0", "timeout = 0: must be more than 0\n"},
		{"timeout = 99999999999999999h", "timeout = 99999999999999999h: too large\n"},
		{"timeout = 9999999999999999999999s", "timeout = 9999999999999999999999s: write"},
		{"memory = 512MB", "memory = 512MB: did you mean 512M?\n"},
		{"memory = 512", "memory = 512: 512 bytes are too few; did you mean 512M?\n"},
		{"memory = 1.5G", "memory = 1.5G: did you mean 1536M?\n"},
		{"max_source = 64m", "max_source = 64m: did you mean 64M?\n"},
		{"max_pixels = 100MP", "max_pixels = 100MP: did you mean 100M?\n"},
		{"slots = 0", "slots = 0: write a whole number from 1 to 4096\n"},
		{"response = hole", "response = hole: did you mean whole?\n"},
		{"start = maybe", "start = maybe: write one of warm, cold\n"},
		{"confine = of", "confine = of: did you mean off?\n"},
		{"stdin = sources", "stdin = sources: did you mean source?\n"},
		{"sources = {jpge}", "sources: 'jpge': did you mean jpeg?\n"},
		{"sources = {'gif moving'}",
			"sources: 'gif moving': behind a type stands animated, still or plain\n"},
		{"type = jpeg", "type = jpeg: write a media type such as image/jpeg\n"},
		{"type = \"a/b\\r\\nX: y\"", "type: only printable ASCII may stand in a header\n"},
		{"cache_control = \"a\\nb\"", "cache_control: only printable ASCII"},
		{"exits = {\"0=404\"}", "exits: '0=404': write an exit code"},
		{"exits = {\"3=304\"}", "exits: '3=304': write an exit code"},
		{"exits = {\"3=404\",\"3=405\"}", "exits: code 3 stands there twice\n"},
		{"stderr_fails = {''}", "stderr_fails: an empty text in the list\n"},
		{"env = {\"1A=b\"}", "env: '1A=b': write NAME=value\n"},
		{"env = {A}", "env: 'A': write NAME=value\n"},
		{"read = {etc}", "read: 'etc' is no absolute path\n"},
		{"prime = {\"a b\"}", "prime: 'a b' is no name of a function\n"},
		{"param size { max = 3 }",
			"param 'size': type is missing: write type = size, integer, choice, ...\n"},
		{"param size { type = sice }", "param 'size': type = sice: did you mean size?\n"},
		{"param size { type = size max = 4096 }",
			"param 'size': max = 4096: did you mean 4096x4096?\n"},
		{"param q { type = integer max = 1.5 }",
			"param 'q': max = 1.5: write a whole number\n"},
		{"param q { type = integer min = 5 max = 1 }",
			"param 'q': min is greater than max\n"},
		{"param q { type = integer max = 9 default = 10 }",
			"param 'q': default = 10: a whole number from"},
		{"param q { type = flag min = 1 }",
			"param 'q': min: type flag has no such bound\n"},
		{"param q { type = flag values = {a} }",
			"param 'q': values: only choice and format have them, not flag\n"},
		{"param q { type = choice }",
			"param 'q': values are missing: type choice needs them\n"},
		{"param q { type = choice values = {a,a} }",
			"param 'q': values: 'a' stands there twice\n"},
		{"param q { type = format values = {webb} }",
			"param 'q': values: format 'webb': did you mean web"},
		{"param q { type = size allow = x }",
			"param 'q': allow: only type text has it, not size\n"},
		{"param q { type = size required = true default = 3x3 }",
			"param 'q': required and a default exclude each other\n"},
		{"param q { type = size required = maybe }",
			"param 'q': required = maybe: write true or false\n"},
		{"param source { type = size }", "param 'source': this name is {source} already\n"},
		{"param \"a b\" { type = size }", "param 'a b': a name begins with a letter"},
		{"param a { type = flag } param a { type = flag }",
			"param 'a': there is one of this name on line 3\n"},
		{"param a {type=format values={png}} param b {type=format values={png}}",
			"a second param of type format\n"},
	};
	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		refuse_option(cases[i][0], cases[i][1]);
}

static void global_suggestions(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"root = usr", "2: root = usr: must be absolute\n"},
		{"root = /no/such/dir", "2: root = /no/such/dir: there is no directory /no\n"},
		{"root = /etc/passwd", "2: root = /etc/passwd: /etc/passwd is not a directory\n"},
		{"listen = /run/x.sock",
			"2: listen = /run/x.sock: did you mean unix:/run/x.sock?\n"},
		{"listen = 127.0.0.1:9000",
			"2: listen = 127.0.0.1:9000: did you mean tcp:127.0.0.1:9000?\n"},
		{"listen = 9000", "2: listen = 9000: did you mean tcp:127.0.0.1:9000?\n"},
		{"listen = '[::1]:9000'",
			"2: listen = [::1]:9000: did you mean tcp6:[::1]:9000?\n"},
		{"listen = tcp:127.0.0.1:70000",
			"2: listen = tcp:127.0.0.1:70000: the port is a number"},
		{"listen = tcp6:::1:9000",
			"2: listen = tcp6:::1:9000: did you mean tcp6:[::1]:9000?\n"},
		{"listen = unix:x", "2: listen = unix:x: the path behind unix: must be absolute"},
		{"prefix = media/", "2: prefix = media/: did you mean \"/media\"?\n"},
		{"prefix = /", "2: prefix = /: did you mean \"\"?\n"},
		{"socket_mode = 888", "2: socket_mode = 888: write three octal digits"},
		{"programs = bin", "2: programs: write absolute directories with : between them\n"},
		{"log = sluice.log", "2: log = sluice.log: must be an absolute path"},
		{"log = 'syslog:x'", "2: log = syslog:x: must be an absolute path"},
		{"log_format = xml", "2: log_format = xml: "},
		{"slow = 2", "2: slow = 2: did you mean 2s?\n"},
		{"status_path = status", "2: status_path = status: did you mean /status?\n"},
		{"ping_path = '/p?x'", "2: ping_path: a path of at most 255 bytes"},
		{"status_path = /x\nping_path = /x", "3: ping_path: is the same as status_path\n"},
		{"temp_path = /no/such", "2: temp_path = /no/such: there is no directory /no"},
		{"connections = 0", "2: connections = 0: write a whole number from 1 to 1000000\n"},
		{"memory_total = 1k", "2: memory_total = 1k: 1024 bytes are too few"},
		{"memory_total = 512M", "3: recipe 'good': its memory is more than memory_total\n"},
		{"memory_total = 3G recipe l { path = '/l/{source}' run = {cat, \"{source}\"} "
		 "response = live memory = 2500M }",
			"2: recipe 'l': with its memory, memory_total leaves too little for the "
			"largest recipe that is not live\n"},
		{"memory_total = 3G recipe l { path = '/l/{source}' run = {cat, \"{source}\"} "
		 "memory = 0 }",
			"2: recipe 'l': memory = 0, but memory_total needs a limit to count\n"},
		{"memory_total = 1536M recipe l { path = '/l/{source}' "
		 "run = {cat, \"{source}\", \"|\", cat} }",
			"2: recipe 'l': its memory is more than memory_total\n"},
		{"cache { path = '/tmp' send_from = 5k }", "2: cache: send_from without send\n"},
		{"cache { path = '/tmp' send = x-file }",
			"2: cache: send = x-file: write x-sendfile or x-accel-redirect:/URI\n"},
		{"cache { size = 1G }",
			"2: cache: path is missing: the directory of the results\n"},
		{"cache { path = '/tmp' } cache { path = '/tmp' }",
			"2: cache: there is one before it\n"},
		{"send_timeout = 5", "2: send_timeout = 5: did you mean 5s?\n"},
		{"splice = perhaps", "2: splice = perhaps: write true or false\n"},
		{"listn = x", "2: unknown option 'listn': did you mean listen?\n"},
		{"timeout = 5s", "2: unknown option 'timeout' here: it belongs into a recipe\n"},
		{"zzz = 5s", "2: unknown option 'zzz': sluice.conf(5) has the options of the file "
			     "itself\n"},
		{"splice = off\nsplice = on", "3: splice: given twice, first on line 2\n"},
		{"splice += off", "2: splice: takes one value, write = and not +=\n"},
		{"splice off", "2: splice: = is missing: write splice = off\n"},
		{"recpie x {", "2: this { is never closed: 'recipe' on line 3 stands within it\n"},
		{"recpie x { }", "2: unknown option 'recpie': did you mean recipe?\n"},
		{"recipe x { sise = 1 }", "2: unknown option 'sise'"},
		{"recipe x { tiemout = 1s }",
			"2: unknown option 'tiemout': did you mean timeout?\n"},
		{"recipe x { param y { mx = 1 } }", "2: unknown option 'mx': did you mean max?\n"},
		{"recipe x { }", "2: recipe 'x': path is missing\n2: recipe 'x': run is missing\n"},
		{"recipe good { }", "3: recipe 'good': there is one of this name on line 2\n"},
		{"recipe 'a b' { }", "2: recipe 'a b': a name has up to 64 letters"},
	};
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		char text[1024];
		bool root = strncmp(cases[i][0], "root", 4) == 0;
		snprintf(text, sizeof(text), "%s%s\n" GOOD, root ? "\n" : ROOT, cases[i][0]);
		refuse_with(text, cases[i][1]);
	}
	refuse_with(GOOD, "1: root is missing: the directory that holds the sources\n");
	refuse_with(ROOT, "1: there is no recipe: write recipe NAME");
	refuse_with("", "1: root is missing");
}

static void path_and_run(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"path = '/x' run = {cat, '{source}'}", "2: recipe 'x': path: "},
		{"path = '/{sise}/{source}' run = {cat, '{source}'} param size { type = size }",
			"2: recipe 'x': path: there is no param 'sise'; did you mean {size}?\n"},
		{"path = '/{q}/{source}' run = {cat, '{source}'}",
			"2: recipe 'x': path: {q} needs a param of this name\n"},
		{"path = '/{source}' run = {cat,\n '{source}', '{a}',\n '{b}'}",
			"3: recipe 'x': run: "},
		{"path = '/{source}' run = {cat,\n '{source}', '{a}',\n '{b}'}",
			"4: recipe 'x': run: "},
		{"path = '/{source}' run = {\"{source}\"}", "2: recipe 'x': run: "},
		{"path = '/{source}' run = {cat, '{source}',\n\"|\", 'a/b'}",
			"3: recipe 'x': program 'a/b': write an absolute path, or a name without a "
			"slash\n"},
		{"path = '/{source}' response = live run = {cp, '{source}', '{output}'}",
			"2: recipe 'x': run: a live response cannot come from {output}, only from "
			"stdout\n"},
		{"path = '/{source}' param t { type = text } run = {sh, '-c', 'cat {source} {t}'}",
			"2: recipe 'x': run: {t} within the script of a shell; pass it behind the "
			"script, as \"$1\"\n"},
		{"path = '/{source}' param t { type = text } run = {cat, '{source}', '[',\n"
		 "'{t}', ']', '|', env, bash,\n'-ec', 'cat {t}'}",
			"4: recipe 'x': run: {t} within the script of a shell; pass it behind the "
			"script, as \"$1\"\n"},
	};
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		char text[1024];
		snprintf(text, sizeof(text), ROOT "recipe x { %s }\n", cases[i][0]);
		refuse_with(text, cases[i][1]);
	}
}

static void warnings(void **state)
{
	(void)state;
	config_unref(load(ROOT "recipe x { path = '/{source}'\n"
			       "run = {cat}\n"
			       "param unused { type = flag } }\n"
			       "recipe y { path = '/{source}' run = {'/no/such', '{source}'} }\n"
			       "user = no-such-user-here\n"));
	assert_string_equal(said,
		"3: warning: recipe 'x': run: no program gets the source: neither {source} nor "
		"stdin = source\n"
		"4: warning: recipe 'x': param 'unused' is used neither in path nor in run\n"
		"5: warning: program '/no/such' is missing or not executable: recipe 'y' will "
		"answer 500 until it is there\n"
		"5: warning: recipe 'y' is never reached: recipe 'x' before it takes the same path "
		"and sources; remove one of them\n"
		"6: warning: user: there is no user 'no-such-user-here'\n");
	unsetenv("SLUICE_TEST_UNSET");
	setenv("SLUICE_TEST_SET", "/usr", 1);
	struct config *config =
		load("root = \"${SLUICE_TEST_SET}\"\nprefix = \"${SLUICE_TEST_UNSET}\"\n" GOOD);
	assert_string_equal(config->root, "/usr");
	assert_string_equal(said,
		"2: warning: ${SLUICE_TEST_UNSET} is not set in the environment; write it in '...' "
		"to keep it as it is\n");
	config_unref(config);
}

/* Many mistakes: all found in one run, in the order of lines. */
static void all_at_once(void **state)
{
	(void)state;
	refuse("listn = x\n"
	       "root = usr\n"
	       "foo += {1, 2}\n"
	       "recipe a {\n"
	       "  path = '/{source}'\n"
	       "  timeout = 10\n"
	       "  tiemout = 5s\n"
	       "  run = {cat, '{source}'}\n"
	       "}\n"
	       "recipe b { param q { type = integer\n"
	       "  dfault = 3 } }\n"
	       "recipe a { memory = 1MB }\n"
	       "/* lines\n"
	       "   go on */ recipe c { slots = many }\n");
	assert_string_equal(said,
		"1: unknown option 'listn': did you mean listen?\n"
		"2: root = usr: must be absolute\n"
		"3: unknown option 'foo': sluice.conf(5) has the options of the file itself\n"
		"6: recipe 'a': timeout = 10: did you mean 10s?\n"
		"7: unknown option 'tiemout': did you mean timeout?\n"
		"10: recipe 'b': path is missing\n"
		"10: recipe 'b': run is missing\n"
		"11: unknown option 'dfault': did you mean default?\n"
		"12: recipe 'a': there is one of this name on line 4\n"
		"12: recipe 'a': memory = 1MB: did you mean 1M?\n"
		"12: recipe 'a': path is missing\n"
		"12: recipe 'a': run is missing\n"
		"14: recipe 'c': slots = many: write a whole number from 1 to 4096\n"
		"14: recipe 'c': path is missing\n"
		"14: recipe 'c': run is missing\n");
}

static void syntax(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"a = \"x\n\n", "1: this text is never closed: a quote is missing\n"},
		{"\nb = 'x", "2: this text is never closed: a quote is missing\n"},
		{"\n/* b", "2: this comment is never closed: */ is missing\n"},
		{"recipe a {\n param b {\n}\n",
			"2: this { is never closed: the } on line 3 stands further left\n"},
		{"}\n", "1: } without {: there is one } too many, here or above\n"},
		{"root = *", "1: a value with * or | or a control character must be in quotes\n"},
		{"root|x = 1", "1: a value with * or | or a control character must be in quotes\n"},
		{"slots = +5", "1: a value with +, ( or ) must be in quotes\n"},
		{"include(\"/etc/passwd\")", "1: include: write include \"FILE\"\n"},
		{"\"root\" = /usr", "1: expected the name of an option here, without quotes\n"},
		{"root = \"${HOME\"",
			"1: ${ without } on this line: write it in '...' to keep it as it is\n"},
		{"root = \"a\\0b\"", "1: a NUL byte cannot stand in a text\n"},
		{"root = \"a\\x00b\"", "1: a NUL byte cannot stand in a text\n"},
		{"root = \"a\\999b\"", "1: bad escape sequence"},
		{"root =", "1: root: a value is missing behind =\n"},
		{"recipe {}", "1: a recipe needs a name: write recipe NAME { ... }\n"},
		{"recipe x = 3", "1: recipe is a section: write recipe NAME { ... }\n"},
	};
	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		refuse_with(cases[i][0], cases[i][1]);
	struct config *config = NULL;
	assert_int_equal(load_bytes("root\n = \0", 9, &config), CONFIG_E_INVALID);
	assert_string_equal(said, "2: a NUL byte: this is no text file\n");
	/* no message breaks its line, whatever stands in the file */
	refuse("root = \"\\n\\e[31m\"\n" GOOD);
	assert_string_equal(said, "1: root = ??[31m: must be absolute\n");
	char *big = malloc(300 * 1024);
	assert_non_null(big);
	memset(big, ' ', 300 * 1024);
	assert_int_equal(load_bytes(big, 300 * 1024, &config), CONFIG_E_INVALID);
	assert_string_equal(said, "1: larger than 256 KiB\n");
	/* a list and a file without measure end soon */
	size_t used = (size_t)sprintf(big, ROOT "recipe a { run = {a");
	for (size_t i = 0; i < 50000; i++)
		used += (size_t)sprintf(big + used, ",b");
	strcpy(big + used, "} }");
	refuse_with(big, "2: run: more than 1000 values\n");
	memcpy(strstr(big, "run = {a"), "env = {a", 8);
	refuse_with(big, "2: env: more than 1000 values\n");
	used = (size_t)sprintf(big, ROOT "recipe a { sources = {png");
	for (size_t i = 0; i < 2000; i++)
		used += (size_t)sprintf(big + used, ",png");
	strcpy(big + used, "} }");
	refuse_with(big, "2: sources: more than 1000 values\n");
	used = 0;
	for (size_t i = 0; i < 15000; i++)
		used += (size_t)sprintf(big + used, "recipe r%zu{}\n", i);
	refuse_with(big, "8000: too many sections and lists in one file\n");
	free(big);
	/* a byte order mark and CRLF do not matter */
	config_unref(load("\xef\xbb\xbf"
			  "root = /usr\r\n" GOOD));
}

static void unreadable(void **state)
{
	(void)state;
	static const char *const names[] = {"/no/such/sluice.conf", "/usr"};
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		char text[256] = "";
		struct config *config = NULL;
		FILE *errors = fmemopen(text, sizeof(text) - 1, "w");
		assert_int_equal(config_load(names[i], errors, &config), CONFIG_E_INVALID);
		fclose(errors);
		assert_null(config);
		assert_non_null(strstr(text, ":1: cannot be read: "));
	}
}

static char *print(const struct config *config)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	config_print(config, out);
	fclose(out);
	return text;
}

static void confinement(void **state)
{
	(void)state;
	struct config *config = load(
		"root = /tmp confine = required\n"
		"recipe a { path = \"/{source}\" run = {cat, \"{source}\"} nice = 19 temp_max = "
		"2M\n"
		"processes = 7 open_files = 16 confine = strict read = {\"{config_dir}/x\", /usr}\n"
		"env = {\"A={config_dir}:{config_dir}\"} }\n"
		"recipe b { path = \"/b/{source}\" run = {cat, \"{source}\"} }\n");
	char expected[4200];
	const struct recipe *a = config->recipes[0], *b = config->recipes[1];
	assert_true(config->confine_required);
	assert_int_equal(a->nice, 19);
	assert_int_equal(a->temp_max_bytes, 2 << 20);
	assert_int_equal(a->processes, 7);
	assert_int_equal(a->open_files, 16);
	assert_int_equal(a->confine, RECIPE_CONFINE_STRICT);
	snprintf(expected, sizeof(expected), "%s/x", directory);
	assert_string_equal(a->read[0], expected);
	assert_string_equal(a->read[1], "/usr");
	snprintf(expected, sizeof(expected), "A=%s:%s", directory, directory);
	assert_string_equal(a->env[0], expected);
	assert_int_equal(b->nice, 5);
	assert_int_equal(b->temp_max_bytes, 1 << 30);
	assert_int_equal(b->processes, 1024);
	assert_int_equal(b->open_files, 256);
	assert_int_equal(b->confine, RECIPE_CONFINE_STANDARD);
	char *printed = print(config);
	assert_non_null(strstr(printed, "\nconfine = required\n"));
	assert_non_null(strstr(printed, "nice = 19\n    temp_max = 2M\n    processes = 7\n"));
	free(printed);
	config_unref(config);
}

static void printed_is_the_same(void **state)
{
	(void)state;
	char text[sizeof(everything) + 1024];
	strcpy(text, everything);
	strcat(text,
		"recipe more { path = \"/it's/{source}\" run = {cat, \"{source}\", \"\\\\ \\n "
		"\\\"\", '${{HOME}}', \"\"}\n"
		"timeout = 90s memory = 0 max_pixels = 123456 exits = {\"3=404\", \"4=500\"} env = "
		"{\"A='\"}\n"
		"stdin = source preload = {a} prime = {b} read = {/usr} stderr_fails = {\"it's\"}\n"
		"cpu = 1500ms param t { type = time max = 0.125 min = 0.1 } confine = off }\n");
	struct config *first = load(text);
	char *one = print(first);
	struct config *second = load(one);
	char *two = print(second);
	assert_string_equal(one, two);
	const struct recipe *a = first->recipes[1], *b = second->recipes[1];
	assert_int_equal(a->run_count, b->run_count);
	for (size_t i = 0; i < a->run_count; i++)
		assert_string_equal(a->run[i], b->run[i]);
	assert_string_equal(b->run[3], "${{HOME}}");
	assert_int_equal(b->memory_bytes, 0);
	assert_int_equal(b->cpu_s, 2);
	assert_int_equal(b->max_pixels, 123456);
	const double tenth = 0.1; /* some machines compare with more digits */
	assert_true(b->params[0].min == tenth && b->params[0].max == 0.125);
	assert_string_equal(pattern_text(a->path), pattern_text(b->path));
	free(one);
	free(two);
	config_unref(first);
	config_unref(second);
}

static void order_is_kept(void **state)
{
	(void)state;
	char text[8192];
	size_t used = (size_t)snprintf(text, sizeof(text), ROOT);
	for (int i = 0; i < 50; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"recipe r%d { path = \"/%d/{source}\" run = {\"cat\", \"{source}\"} }\n",
			i * 7 % 50, i);
	struct config *config = load(text);
	assert_string_equal(said, "");
	assert_int_equal(config->recipe_count, 50);
	for (int i = 0; i < 50; i++) {
		char name[8];
		snprintf(name, sizeof(name), "r%d", i * 7 % 50);
		assert_string_equal(config->recipes[i]->name, name);
	}
	config_unref(config);
}

/* Text cut off and changed at every place: an error or none, never anything else. */
static void damaged(void **state)
{
	(void)state;
	static const char bytes[] = "{}\"'=\\#/*$,+|\n\x01 ";
	size_t size = sizeof(everything) - 1;
	char text[sizeof(everything)];
	struct config *config;
	/* Without a process for each look at the root: 1,800 of them take a minute under ASan. */
	loader = config_load_blind;
	for (size_t i = 0; i < size; i++) {
		memcpy(text, everything, sizeof(text));
		text[i] = bytes[i % (sizeof(bytes) - 1)];
		config = NULL;
		if (load_bytes(text, size, &config) == 0)
			config_unref(config);
		config = NULL;
		if (i % 3 == 0 && load_bytes(everything, i, &config) == 0)
			config_unref(config);
	}
	loader = config_load;
}

/* A name stays one, for the linker; a path below a directory of libraries becomes absolute. */
static void preloaded(void **state)
{
	(void)state;
	char home[] = "/tmp/sluice-preload.XXXXXX", option[512], module[64], modules[64];
	char self[512] = "";
	struct config *config;
	assert_non_null(mkdtemp(home));
	snprintf(modules, sizeof modules, "%s/modules", home);
	snprintf(module, sizeof module, "%s/modules/a.so", home);
	assert_int_equal(mkdir(modules, 0700), 0);
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	assert_in_range(length, 1, sizeof self - 1);
	assert_int_equal(symlink(self, module), 0);
	snprintf(option, sizeof option,
		"env = {\"LD_LIBRARY_PATH=%s\"}\npreload = {libc.so.6, \"modules/a.so\", \"%s\",\n"
		"libc.so.7,\nlibsluicenowhere.so.1,\n\"modules/b.so\",\n\"/nowhere/c.so\"}",
		home, module);
	const struct recipe *recipe = load_option(option, &config);
	assert_string_equal(said,
		"5: warning: recipe 'r': preload: there is no library 'libc.so.7', it is left out: "
		"did you mean 'libc.so.6'?\n"
		"6: warning: recipe 'r': preload: there is no library 'libsluicenowhere.so.1', it "
		"is left out: install it, or run ldconfig if it is there\n"
		"7: warning: recipe 'r': preload: there is no 'modules/b.so', it is left out: "
		"install it, or ask sluice train what this machine has\n"
		"8: warning: recipe 'r': preload: there is no '/nowhere/c.so', it is left out: "
		"install it, or ask sluice train what this machine has\n");
	assert_string_equal(recipe->preload[0], "libc.so.6");
	assert_string_equal(recipe->preload[1], module);
	assert_string_equal(recipe->preload[2], module);
	assert_string_equal(recipe->preload[5], "modules/b.so");
	config_unref(config);
	unlink(module);
	rmdir(modules);
	rmdir(home);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(memory_is_kept_for_whole_ones),
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(recipe_options),
		cmocka_unit_test(preloaded),
		cmocka_unit_test(suggestions),
		cmocka_unit_test(global_suggestions),
		cmocka_unit_test(path_and_run),
		cmocka_unit_test(warnings),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(syntax),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(confinement),
		cmocka_unit_test(printed_is_the_same),
		cmocka_unit_test(order_is_kept),
		cmocka_unit_test(damaged),
	};
	if (!mkdtemp(directory))
		return 1;
	snprintf(file, sizeof(file), "%s/sluice.conf", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	rmdir(directory);
	return failed;
}
