/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_RECIPE_H
#define SRC_RECIPE_RECIPE_H

/*
 * A recipe: which requests it answers, with which program, within which limits. Immutable after
 * config_load.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/recipe/makers.h"
#include "src/recipe/param.h"
#include "src/recipe/pattern.h"
#include "src/http/query.h"
#include "src/http/media_type.h"
#include "src/recipe/template.h"

enum {
	RECIPE_PARAMS_MAX = 32,
	RECIPE_STDERR_FAILS_MAX = 32,
	RECIPE_EXITS_MAX = 32,
	RECIPE_PATHS_MAX = 32,
	RECIPE_BEGIN_MAX = 65536,
	RECIPE_WHERE_MAX = 16,
	RECIPE_IGNORE_MAX = 64
};

enum recipe_response { RECIPE_WHOLE, RECIPE_LIVE };
enum recipe_start { RECIPE_WARM, RECIPE_COLD };
enum recipe_confine { RECIPE_CONFINE_STANDARD, RECIPE_CONFINE_STRICT, RECIPE_CONFINE_OFF };

struct recipe {
	char *name;
	struct pattern *path;
	uint64_t sources; /* bit 1 << enum media_type; 0: any type */
	/* Of those: only moving ones, only still ones, only those that decoders read alike. A
	 * moving one that they do not is refused where moving and plain ones are wanted. */
	uint64_t animated, still, plain;
	/* Values that parameters must have for this recipe to be taken: several of one parameter
	 * are alternatives. texts are as in the file, canonical ones stand in `where`. */
	size_t where_count;
	struct {
		size_t param;
		char *canonical;
	} where[RECIPE_WHERE_MAX];
	char *where_texts[RECIPE_WHERE_MAX + 1]; /* NULL-terminated */
	/* Names of query parameters that are dropped unseen; '*' at the end: any that begin so. */
	char *ignore[RECIPE_IGNORE_MAX + 1]; /* NULL-terminated; those of the file included */
	size_t param_count;
	struct param params[RECIPE_PARAMS_MAX];
	int format_param; /* index of the parameter of type format, -1: none */
	char **run;	  /* as written, NULL-terminated: for explain and -T */
	size_t run_count;
	struct template *template;
	/* The absolute path of each program of the template; NULL when there is none (500). */
	char *program_paths[TEMPLATE_PROGRAMS_MAX];
	struct makers *makers; /* the files that make its results */
	char *version;	       /* a part of every result's key, chosen by hand; NULL: none */
	bool deterministic;    /* the same command on the same source gives the same bytes */
	enum recipe_response response;
	char *type; /* Content-Type; NULL: from the format parameter, else application/octet-stream
		     */
	uint64_t timeout_ms;	   /* default 30s */
	uint64_t queue_timeout_ms; /* default 5s */
	unsigned queue;		   /* waiting requests at most; default 64 */
	unsigned weight;       /* how many of the daemon's slots one conversion takes; default 1 */
	unsigned slots;	       /* converters at once; default: processors (whole), 16 (live) */
	uint64_t memory_bytes; /* RLIMIT_DATA of each program; default 1G; 0: none */
	uint64_t cpu_s;	       /* RLIMIT_CPU; 0: none (the default) */
	uint64_t max_source_bytes; /* default 256M (whole), 16G (live); 0: none */
	/* Width x height as declared, of the largest frame, and of all together where `sources`
	 * says "animated"; default 100M; 0: none */
	uint64_t max_pixels;
	uint64_t max_frames;	   /* default 1000; 0: none */
	uint64_t max_output_bytes; /* default 1G (whole); live: 0 = none */
	unsigned threads;	   /* OMP_NUM_THREADS, VIPS_CONCURRENCY; default 1 */
	unsigned nice;		   /* 0 … 19; default 5 */
	uint64_t temp_max_bytes; /* in the job's directory, beside {output}; default 1G; 0: none */
	unsigned processes; /* RLIMIT_NPROC: all threads of the user together; default 1024; 0: none
			     */
	unsigned open_files;				 /* RLIMIT_NOFILE; default 256 */
	char *cache_control;				 /* NULL: no field */
	char *stderr_fails[RECIPE_STDERR_FAILS_MAX + 1]; /* NULL-terminated */
	size_t exit_count;				 /* `exits = {"3=404", "2=415"}` */
	struct {
		int exit;
		int status;
	} exits[RECIPE_EXITS_MAX];
	enum recipe_start start;
	enum recipe_confine confine;
	/* NULL-terminated; {config_dir} is filled in, here and in env. */
	char *read[RECIPE_PATHS_MAX + 1];
	char *env[RECIPE_PATHS_MAX + 1]; /* `env = {"NAME=value"}`, NULL-terminated */
	bool stdin_source;
	bool refuse_cut; /* a source that is shorter than its own header says is answered with 422
			  */
	/* A live response begins when so many bytes are there, or when the programs have ended
	 * well. At most RECIPE_BEGIN_MAX; 0: with the first byte. */
	uint64_t begin_after_bytes;
	bool cache; /* results are kept where there is a cache, and shared while they are made */
	bool join;  /* equal requests that come at the same time share one conversion */
	/* For so long after its source has changed, an older result is sent while the new one is
	 * made. */
	uint64_t stale_ms;
	bool finish; /* a conversion without waiting clients goes on, for the cache */
	/* For the warm start, NULL-terminated: modules that are opened and functions that are
	 * called before jobs come. */
	char *preload[RECIPE_PATHS_MAX + 1];
	char *prime[RECIPE_PATHS_MAX + 1];
};

/* Checks everything that came in the URL against the recipe's parameters and fills values[0 …
 * param_count): path holes first, then the query, then defaults, then the format from `accept`.
 * Unknown, repeated, missing, malformed: false, with the line for the client in message.
 * *negotiated says that Accept was looked at (Vary). When every offered format has q=0: the first.
 * opaque: the source has no alpha, so a lossy format that the client takes goes before the others.
 */
bool recipe_evaluate(const struct recipe *recipe, const struct pattern_match *match,
	const struct query *query, const char *accept, bool opaque, struct param_value *values,
	bool *negotiated, char message[PARAM_MESSAGE_MAX]);

/* Whether the parameters have the values of `where`. One that is malformed has not. */
bool recipe_suits(const struct recipe *recipe, const struct pattern_match *match,
	const struct query *query, const char *accept, bool opaque, bool *negotiated);

/* Whether recipe_evaluate can make something of `opaque`: its formats are lossy and others. */
bool recipe_cares_for_alpha(const struct recipe *recipe);

/* Whether all its programs were there when the configuration was read. */
bool recipe_is_installed(const struct recipe *recipe);

/* The memory of all programs of the recipe together; 0: no limit. */
uint64_t recipe_memory(const struct recipe *recipe);

/* The Content-Type of the response for these values; "application/octet-stream" when only the
 * result can tell: there is neither `type` nor a value of a parameter of type format. */
const char *recipe_media_type(const struct recipe *recipe, const struct param_value *values);
bool recipe_knows_type(const struct recipe *recipe, const struct param_value *values);

/* Frees all but the texts and lists of the options, which the configuration frees. */
void recipe_free(struct recipe *recipe);

/* What `sources` says behind a type (bit 1 << enum media_type): "", " still", " animated plain". */
const char *recipe_source_kind(const struct recipe *recipe, uint64_t type);

#endif
