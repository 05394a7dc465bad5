/* SPDX-License-Identifier: MIT */
#ifndef SRC_CONFIG_CONFIG_H
#define SRC_CONFIG_CONFIG_H

/*
 * sluice.conf, read with libconfuse (only config.c knows that). Immutable and reference-counted: a
 * reload makes a new one, a request keeps the one that it began with.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <stdbool.h>

#include "base/log.h"
#include "src/recipe/recipe.h"

enum { CONFIG_URL_PATH_MAX = 256 }; /* of status_path and ping_path, with the NUL */

struct config {
	char *file;
	char *directory;    /* that it lies in, absolute: {config_dir} in `env` and `read` */
	char *listen;	    /* NULL: inherited */
	mode_t socket_mode; /* default 0660 */
	char *socket_group; /* NULL: none */
	char *root;	    /* absolute */
	char *prefix;	    /* "" or "/media" */
	char *programs;	    /* default "/usr/bin:/bin" */
	char *user;	    /* NULL: stay */
	char *log;	    /* as log_open takes it; NULL: stderr */
	enum log_format log_format; /* default text */
	uint64_t slow_ms;  /* a request that takes longer is logged in detail; 0 (the default): none
			      is */
	char *status_path; /* of the URL, "/…": where the status page is; NULL (the default):
			      nowhere */
	char *ping_path;   /* likewise, for "I am here" */
	bool server_timing;	      /* a Server-Timing field in answers; default false */
	bool request_id;	      /* an X-Request-Id field in answers; default false */
	char *temp_path;	      /* default: TMPDIR, else /tmp */
	bool splice;		      /* default true; false: always the copying path */
	uint64_t request_timeout_ms;  /* from the first byte of a request to the last of its
					 parameters; default 10s */
	uint64_t send_timeout_ms;     /* without the web server taking a byte; default 60s */
	uint64_t shutdown_timeout_ms; /* default 30s */
	unsigned slots; /* converters of `whole` recipes at once in the whole daemon; default:
			   processors */
	uint64_t memory_total_bytes; /* bounds the sum of the running jobs' limits; 0 (the default):
					not counted */
	uint64_t kept_memory_bytes;  /* with memory_total: what live ones leave for the largest of
					the others */
	unsigned connections;	     /* at most; default 16384, bounded by RLIMIT_NOFILE */
	bool confine_required;	 /* do not start where jobs cannot be confined as the recipes say */
	char *cache_path;	 /* absolute; NULL: nothing is kept */
	uint64_t cache_bytes;	 /* on the disk, at most; default 1G */
	uint64_t cache_stale_ms; /* what recipes have that do not say it; default 0 */
	char *cache_send; /* "x-accel-redirect:/URI/", "x-sendfile"; NULL: results are sent by us */
	uint64_t cache_send_from_bytes; /* with cache_send: shorter ones still are; default 0: none
					 */
	size_t recipe_count;
	struct recipe **recipes; /* in the order of the file */
};

/* Reads and checks file. On success *out has one reference. On errors: every one that could be
 * found as a line "FILE:LINE: message" to errors, returns a CONFIG_E_*; *out is untouched. Warnings
 * go to errors, too. */
enum { CONFIG_E_INVALID = 1 };
int config_load(const char *file, FILE *errors, struct config **out);

/* Any thread. config_unref(NULL) is fine. */
struct config *config_ref(struct config *config);
void config_unref(struct config *config);
/* How many there are; 1: the caller's is the last, and stays that. Any thread. */
unsigned config_references(struct config *config);

/* Prints the effective configuration in the syntax of the file; config_load of it gives the same.
 */
void config_print(const struct config *config, FILE *out);

#endif
