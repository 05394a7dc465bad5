/* SPDX-License-Identifier: MIT */
#include "src/daemon/health.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { PROBLEM_MAX = 2048 };

static bool check_spawner(const struct starter *starter, FILE *out)
{
	if (spawner_is_alive(starter->spawner))
		return true;
	fputs("the spawner is gone\n", out);
	return false;
}

static bool check_root(struct root_watch *watch, const char *root, FILE *out)
{
	char buffer[PROBLEM_MAX];
	struct text problem;
	text_init(&problem, buffer, sizeof buffer);
	if (root_watch_look(watch, root, HEALTH_ROOT_MS, &problem))
		return true;
	fprintf(out, "root: %s\n", problem.data);
	return false;
}

static bool check_temp(struct starter *starter, FILE *out)
{
	static const char name[] = "health";
	int r = temp_make(&starter->temp, name);
	bool good = r == 0 || r == -EEXIST;
	if (!good)
		fprintf(out, "temporary directory: %s\n", strerror(-r));
	unlinkat(starter->temp.fd, name, AT_REMOVEDIR);
	return good;
}

bool health_check(struct starter *starter, struct root_watch *watch, const char *root, FILE *out)
{
	bool spawner = check_spawner(starter, out);
	bool sources = check_root(watch, root, out);
	bool temp = check_temp(starter, out);
	bool good = spawner && sources && temp;
	if (good)
		fputs("healthy\n", out);
	return good;
}
