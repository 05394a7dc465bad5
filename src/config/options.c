/* SPDX-License-Identifier: MIT */
/*
 * The table of options, in the order in which -T prints them and in which they are read: a `derive`
 * or a `check` sees only what stands above it. option.h tells what a row means and how to add one.
 */
#include "src/config/checks.h"
#include "src/config/config.h"
#include "src/config/print_own.h"

#define AT(record, field) offsetof(struct record, field), sizeof(((struct record *)0)->field)
#define MIB (UINT64_C(1) << 20)

static const char *const log_formats[] = {
	[LOG_FORMAT_TEXT] = "text", [LOG_FORMAT_JSON] = "json", NULL};
static const char *const required_words[] = {"preferred", "required", NULL};
static const char *const responses[] = {[RECIPE_WHOLE] = "whole", [RECIPE_LIVE] = "live", NULL};
static const char *const starts[] = {[RECIPE_WARM] = "warm", [RECIPE_COLD] = "cold", NULL};
static const char *const confines[] = {
	[RECIPE_CONFINE_STANDARD] = "standard",
	[RECIPE_CONFINE_STRICT] = "strict",
	[RECIPE_CONFINE_OFF] = "off",
	NULL,
};
static const char *const inputs[] = {"none", "source", NULL};

/* clang-format off */
#define FIELD(field) AT(config, field)
#define S OPTION_FILE
const struct option config_options[] = {
	{S, "listen", OPTION_STRING, FIELD(listen), .check = config_check_listen,
		.put = config_put_listen, .fixed = true, .meaning = "the address of the socket"},
	{S, "socket_mode", OPTION_MODE, FIELD(socket_mode), .standard = "0660",
		.fixed = true, .meaning = "the mode of the Unix socket"},
	{S, "socket_group", OPTION_STRING, FIELD(socket_group), .check = config_check_group,
		.fixed = true, .meaning = "the group of the Unix socket"},
	{S, "root", OPTION_STRING, FIELD(root), .required = true, .check = config_check_root,
		.meaning = "the directory that holds the sources"},
	{S, "prefix", OPTION_TEXT, FIELD(prefix), .standard = "", .check = config_check_prefix,
		.meaning = "what every path of a URL begins with"},
	{S, "programs", OPTION_TEXT, FIELD(programs), .standard = "/usr/bin:/bin",
		.check = config_check_programs, .meaning = "the directories of the programs"},
	{S, "user", OPTION_STRING, FIELD(user), .check = config_check_user,
		.fixed = true, .meaning = "the user that the daemon becomes when root starts it"},
	{S, "log", OPTION_STRING, FIELD(log), .check = config_check_log,
		.fixed = true, .meaning = "where the log goes"},
	{S, "log_format", OPTION_WORD, FIELD(log_format), .standard = "text",
		.words = log_formats, .fixed = true, .meaning = "the form of a line of the log"},
	{S, "slow", OPTION_DURATION, FIELD(slow_ms), .standard = "0",
		.meaning = "requests that take longer are logged in detail"},
	{S, "status_path", OPTION_STRING, FIELD(status_path), .check = config_check_status_path,
		.meaning = "the path of the status page"},
	{S, "ping_path", OPTION_STRING, FIELD(ping_path), .check = config_check_ping_path,
		.meaning = "the path that is answered with ok"},
	{S, "server_timing", OPTION_BOOL, FIELD(server_timing), .standard = "false",
		.meaning = "responses have the field Server-Timing"},
	{S, "request_id", OPTION_BOOL, FIELD(request_id), .standard = "false",
		.meaning = "responses have the field X-Request-Id"},
	{S, "cache_status", OPTION_BOOL, FIELD(cache_status), .standard = "true",
		.meaning = "with a cache, responses have the field Cache-Status"},
	{S, "temp_path", OPTION_STRING, FIELD(temp_path), .derive = config_derive_temp_path,
		.standard = "TMPDIR, or else /tmp", .check = config_check_temp_path,
		.fixed = true, .meaning = "the directory of temporary files"},
	{S, "splice", OPTION_BOOL, FIELD(splice), .standard = "true",
		.meaning = "bytes go from program to web server within the kernel"},
	{S, "request_timeout", OPTION_DURATION, FIELD(request_timeout_ms), .standard = "10s",
		.min = 1, .fixed = true, .meaning = "how long a request may take to arrive"},
	{S, "send_timeout", OPTION_DURATION, FIELD(send_timeout_ms), .standard = "60s", .min = 1,
		.meaning = "how long the web server may take no byte"},
	{S, "shutdown_timeout", OPTION_DURATION, FIELD(shutdown_timeout_ms), .standard = "30s",
		.meaning = "how long requests may go on after TERM"},
	{S, "memory_total", OPTION_BYTES, FIELD(memory_total_bytes), .standard = "0", .min = MIB,
		.meaning = "bound on the memory of all running programs together"},
	{S, "slots", OPTION_INTEGER, FIELD(slots), .derive = config_derive_total_slots,
		.standard = "the number of processors that the daemon may use",
		.min = 1, .max = 4096, .meaning = "how many whole conversions run at once"},
	{S, "connections", OPTION_INTEGER, FIELD(connections), .standard = "16384",
		.min = 1, .max = 1000000, .meaning = "how many connections are open at once"},
	{S, "confine", OPTION_WORD, FIELD(confine_required), .standard = "preferred",
		.words = required_words,
		.meaning = "whether the daemon starts where jobs cannot be confined"},
	{S, "ignore", OPTION_LIST, FIELD(ignore), .max = RECIPE_IGNORE_MAX / 2,
		.meaning = "parameters of URLs that are dropped unseen"},
	{S, "include", OPTION_INCLUDE, .meaning = "another file, which stands here"},
	{S, "cache", OPTION_BLOCK, .inner = OPTION_CACHE, .meaning = "the store of results"},
	{S, "recipe", OPTION_BLOCK, .inner = OPTION_RECIPE, .titled = true,
		.meaning = "one kind of conversion"},

#undef S
#undef FIELD
#define S OPTION_RECIPE
#define FIELD(field) AT(recipe, field)
	{S, "path", OPTION_OWN, .required = true, .put = config_put_path,
		.meaning = "the path of the URL, with holes"},
	{S, "sources", OPTION_OWN_LIST, FIELD(sources), .standard = "every type",
		.read = config_read_sources, .put = config_put_sources,
		.meaning = "the types of source that the recipe takes"},
	{S, "where", OPTION_LIST, FIELD(where_texts), .max = RECIPE_WHERE_MAX,
		.meaning = "values of parameters that the recipe is for"},
	{S, "ignore", OPTION_LIST, FIELD(ignore), .max = RECIPE_IGNORE_MAX,
		.meaning = "further parameters that are dropped unseen"},
	{S, "param", OPTION_BLOCK, .inner = OPTION_PARAM, .titled = true,
		.meaning = "a parameter"},
	{S, "run", OPTION_OWN_LIST, .required = true, .put = config_put_run,
		.meaning = "the programs and their arguments"},
	{S, "response", OPTION_WORD, FIELD(response), .standard = "whole", .words = responses,
		.meaning = "whether the response waits for the end of the program"},
	{S, "type", OPTION_STRING, FIELD(type), .brief = true, .check = config_check_type,
		.meaning = "the media type of the response"},
	{S, "timeout", OPTION_DURATION, FIELD(timeout_ms), .standard = "30s", .min = 1,
		.meaning = "how long the programs may run"},
	{S, "queue_timeout", OPTION_DURATION, FIELD(queue_timeout_ms), .standard = "5s",
		.meaning = "how long a request waits at most"},
	{S, "queue", OPTION_INTEGER, FIELD(queue), .standard = "64", .max = 65535,
		.meaning = "how many requests wait at most"},
	{S, "weight", OPTION_INTEGER, FIELD(weight), .standard = "1", .min = 1, .max = 4096,
		.meaning = "how many of the global slots one conversion takes"},
	{S, "slots", OPTION_INTEGER, FIELD(slots), .derive = config_derive_slots,
		.standard = "the number of processors", .live = "16", .min = 1, .max = 4096,
		.meaning = "how many conversions of this recipe run at once"},
	{S, "memory", OPTION_BYTES, FIELD(memory_bytes), .standard = "1G", .min = MIB,
		.meaning = "memory of each program"},
	{S, "cpu", OPTION_SECONDS, FIELD(cpu_s), .standard = "0",
		.meaning = "CPU time of each program"},
	{S, "max_source", OPTION_BYTES, FIELD(max_source_bytes), .standard = "256M", .live = "16G",
		.meaning = "the largest source"},
	{S, "max_pixels", OPTION_COUNT, FIELD(max_pixels), .standard = "100M",
		.meaning = "the largest picture, width times height"},
	{S, "max_frames", OPTION_COUNT, FIELD(max_frames), .standard = "1000",
		.meaning = "the longest animation, in frames"},
	{S, "max_output", OPTION_BYTES, FIELD(max_output_bytes), .standard = "1G", .live = "0",
		.meaning = "the largest result"},
	{S, "threads", OPTION_INTEGER, FIELD(threads), .standard = "1", .min = 1, .max = 1024,
		.meaning = "how many threads the programs are told to use"},
	{S, "nice", OPTION_INTEGER, FIELD(nice), .standard = "5", .max = 19,
		.meaning = "how much the programs give way to others"},
	{S, "temp_max", OPTION_BYTES, FIELD(temp_max_bytes), .standard = "1G",
		.meaning = "what a job may have in its temporary directory"},
	{S, "processes", OPTION_INTEGER, FIELD(processes), .standard = "1024", .max = 1000000,
		.meaning = "processes and threads at once"},
	{S, "open_files", OPTION_INTEGER, FIELD(open_files), .standard = "256",
		.min = 16, .max = 65536, .meaning = "descriptors that a program may have open"},
	{S, "cache_control", OPTION_STRING, FIELD(cache_control), .brief = true,
		.check = config_check_cache_control,
		.meaning = "the field Cache-Control of good responses"},
	{S, "stderr_fails", OPTION_LIST, FIELD(stderr_fails), .max = RECIPE_STDERR_FAILS_MAX,
		.meaning = "phrases on standard error that mean failure"},
	{S, "exits", OPTION_OWN_LIST, FIELD(exits), .read = config_read_exits,
		.put = config_put_exits, .meaning = "statuses for exit codes"},
	{S, "start", OPTION_WORD, FIELD(start), .standard = "warm", .words = starts,
		.meaning = "whether the program is loaded before requests come"},
	{S, "confine", OPTION_WORD, FIELD(confine), .standard = "standard", .words = confines,
		.meaning = "how far the programs are confined"},
	{S, "read", OPTION_LIST, FIELD(read), .max = RECIPE_PATHS_MAX,
		.check = config_check_read, .meaning = "further paths that the programs may read"},
	{S, "env", OPTION_LIST, FIELD(env), .max = RECIPE_PATHS_MAX, .check = config_check_env,
		.meaning = "further environment of the programs"},
	{S, "version", OPTION_STRING, FIELD(version), .brief = true,
		.meaning = "a part of every result's key, chosen by hand"},
	{S, "deterministic", OPTION_BOOL, FIELD(deterministic), .standard = "false", .brief = true,
		.meaning = "the same command on the same source gives the same bytes"},
	{S, "cache", OPTION_BOOL, FIELD(cache), .standard = "true", .live = "false",
		.meaning = "results are kept"},
	{S, "join", OPTION_BOOL, FIELD(join), .derive = config_derive_join,
		.standard = "true where results are kept, else false", .check = config_check_join,
		.meaning = "equal requests share a conversion also where nothing is kept"},
	{S, "stale", OPTION_DURATION, FIELD(stale_ms), .derive = config_derive_stale,
		.standard = "what the cache section says",
		.meaning = "how long an older result is sent while the new one is made"},
	{S, "finish", OPTION_BOOL, FIELD(finish), .standard = "false", .brief = true,
		.meaning = "a shared conversion goes on when its last client has gone"},
	{S, "refuse_cut", OPTION_BOOL, FIELD(refuse_cut), .standard = "false", .brief = true,
		.meaning = "a source that ends before its header says so is refused"},
	{S, "begin_after", OPTION_BYTES, FIELD(begin_after_bytes), .standard = "0", .brief = true,
		.check = config_check_begin_after,
		.meaning = "so much is there before a live response begins"},
	{S, "stdin", OPTION_WORD, FIELD(stdin_source), .standard = "none", .words = inputs,
		.brief = true, .meaning = "what the first program has on its standard input"},
	{S, "preload", OPTION_LIST, FIELD(preload), .max = RECIPE_PATHS_MAX,
		.meaning = "libraries and modules that are opened before requests come"},
	{S, "prime", OPTION_LIST, FIELD(prime), .max = RECIPE_PATHS_MAX,
		.check = config_check_prime,
		.meaning = "functions that are called before requests come"},

#undef S
#undef FIELD
#define S OPTION_PARAM
#define FIELD(field) AT(param, field)
	{S, "type", OPTION_OWN, .required = true, .put = config_put_param_type,
		.meaning = "the type of the parameter"},
	{S, "min", OPTION_OWN, .put = config_put_param_bound, .meaning = "the lower bound"},
	{S, "max", OPTION_OWN, .put = config_put_param_bound, .meaning = "the upper bound"},
	{S, "values", OPTION_OWN_LIST, .put = config_put_param_values,
		.meaning = "what a choice or a format accepts"},
	{S, "allow", OPTION_STRING, FIELD(allow), .brief = true,
		.meaning = "further characters of a text"},
	{S, "required", OPTION_BOOL, FIELD(required), .standard = "false", .brief = true,
		.meaning = "a request without it is refused"},
	{S, "default", OPTION_TEXT, FIELD(default_text), .brief = true,
		.meaning = "the value when the request has none"},

#undef S
#undef FIELD
#define S OPTION_CACHE
#define FIELD(field) AT(config, field)
	{S, "path", OPTION_STRING, FIELD(cache_path), .required = true,
		.check = config_check_cache_path, .fixed = true,
		.meaning = "the directory of the results"},
	{S, "size", OPTION_BYTES, FIELD(cache_bytes), .standard = "1G", .min = MIB,
		.check = config_check_cache_size, .fixed = true,
		.meaning = "how much the results may take"},
	{S, "send", OPTION_STRING, FIELD(cache_send), .check = config_check_cache_send,
		.meaning = "which server sends a kept result"},
	{S, "send_from", OPTION_BYTES, FIELD(cache_send_from_bytes), .standard = "0",
		.check = config_check_cache_send_from, .put = config_put_send_from,
		.meaning = "shorter results are sent by sluice"},
	{S, "stale", OPTION_DURATION, FIELD(cache_stale_ms), .standard = "0",
		.meaning = "the default of the recipes' option stale"},
#undef S
#undef FIELD
	{.name = NULL},
};
/* clang-format on */
