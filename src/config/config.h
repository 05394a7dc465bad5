/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_CONFIG_H
#define SRC_CONFIG_CONFIG_H

/*
 * sluice.conf. A configuration is immutable and reference-counted: a reload makes a new one, and a
 * request keeps the one that it began with. options.c has the defaults, option.h tells how to add
 * an option.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <stdbool.h>

#include "base/log.h"
#include "src/recipe/recipe.h"

enum { CONFIG_URL_PATH_MAX = 256 }; /* of status_path and ping_path, with the NUL */

/* For so long a directory is waited for whose file system hangs. */
enum { CONFIG_ANSWER_MS = 5000 };
#define CONFIG_NO_ANSWER "it has not answered for 5 seconds"

struct config {
	char *file;
	time_t changed; /* when it, or what it includes, was written last; 0: not known */
	char *listen;	/* NULL: the socket is inherited */
	mode_t socket_mode;
	char *socket_group; /* NULL: not changed */
	char *root;	    /* absolute */
	bool root_hangs;    /* it did not answer when the file was read */
	char *prefix;	    /* "" or "/media" */
	char *programs;	    /* "/usr/bin:/bin" */
	char *user;	    /* NULL: not changed */
	char *log;	    /* as log_open takes it; NULL: stderr */
	enum log_format log_format;
	uint64_t slow_ms;   /* a request that takes longer is logged in detail; 0: none is */
	char *status_path;  /* in the URL, "/…"; NULL: there is no status page */
	char *ping_path;    /* in the URL; NULL: there is none */
	bool server_timing; /* responses have the field Server-Timing */
	bool request_id;    /* responses have the field X-Request-Id */
	bool cache_status;  /* responses of recipes have the field Cache-Status, with a cache */
	char *temp_path;    /* absolute */
	bool splice;	    /* false: bytes are always copied */
	uint64_t request_timeout_ms; /* from the first byte of a request to its last parameter */
	uint64_t send_timeout_ms;    /* while the web server takes no byte */
	uint64_t shutdown_timeout_ms;
	unsigned slots; /* converters of `whole` recipes that run at once in the whole daemon */
	uint64_t memory_total_bytes; /* bounds the sum of the limits of running jobs; 0: nothing */
	/* With memory_total: what live conversions leave for the largest of the others. */
	uint64_t kept_memory_bytes;
	unsigned connections;	 /* at most; RLIMIT_NOFILE bounds it */
	bool confine_required;	 /* do not start where jobs cannot be confined as the recipes say */
	char *cache_path;	 /* absolute; NULL: nothing is kept */
	uint64_t cache_bytes;	 /* on the disk, at most */
	uint64_t cache_stale_ms; /* the default of recipes */
	char *cache_send; /* "x-accel-redirect:/URI/", "x-sendfile"; NULL: sluice sends results */
	uint64_t cache_send_from_bytes; /* with cache_send: sluice sends shorter results itself */
	char *ignore[RECIPE_IGNORE_MAX / 2 + 1]; /* for all recipes: each has them in its own */
	size_t recipe_count;
	struct recipe **recipes; /* in the order of the file */
};

/* Reads and checks file. On success *out has one reference. Otherwise returns CONFIG_E_* or
 * -ENOMEM, and *out is untouched. Writes every error and warning as a line "FILE:LINE: message" to
 * errors; FILE is the included one, where there is one. */
enum { CONFIG_E_INVALID = 1 };
int config_load(const char *file, FILE *errors, struct config **out);
/* For a client of a running daemon: the same without a look at the root and the other directories,
 * whose file systems may hang. */
int config_load_blind(const char *file, FILE *errors, struct config **out);

/* The path of a program: of an absolute name itself, otherwise in the first of the directories that
 * has it, or among what was installed with this program. NULL: there is none that can be executed,
 * or no memory. The caller frees it. Any thread.
 */
char *config_find_program(const char *programs, const char *name);

/* The options that take effect only when the daemon starts, as text. The caller frees it; NULL: no
 * memory. */
char *config_fixed(const struct config *config);
/* Writes a warning for each of them that differs from what config_fixed has said at the start. */
void config_warn_fixed(const char *started, const struct config *config, FILE *out);

/* Any thread. config_unref(NULL) is fine. */
struct config *config_ref(struct config *config);
void config_unref(struct config *config);
/* How many references there are. 1: the caller has the last one, and no other can appear. Any
 * thread. */
unsigned config_references(struct config *config);

/* Prints the effective configuration in the syntax of the file; config_load of it gives the same.
 */
void config_print(const struct config *config, FILE *out);

#endif
