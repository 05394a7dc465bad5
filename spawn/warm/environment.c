/* SPDX-License-Identifier: MIT */
/* The environment is edited in place. unsetenv would not do: a program may have replaced it by its
 * own function (bash), and it does not change the vector that main gets. */
#include <string.h>
#include <unistd.h>

#include "spawn/warm/hold.h"

enum { ADDED_MAX = 64 };

/* The value of the variable when `variable` is the one of that name. */
static char *value_of(char *variable, const char *name)
{
	size_t length = strlen(name);
	return strncmp(variable, name, length) == 0 && variable[length] == '='
		       ? variable + length + 1
		       : NULL;
}

static size_t take_out(char **vector, const char *const *names, char **values, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; vector[i]; i++) {
		bool ours = false;
		for (size_t k = 0; k < count && !ours; k++) {
			char *value = value_of(vector[i], names[k]);
			ours = value != NULL;
			if (ours)
				values[k] = value;
		}
		if (!ours)
			vector[kept++] = vector[i];
	}
	vector[kept] = NULL;
	return kept;
}

void environment_take(char **envp, const char *const *names, char **values, size_t count,
	struct hold_environment *out)
{
	out->original = envp;
	for (out->slots = 0; envp[out->slots];)
		out->slots++;
	out->count = take_out(envp, names, values, count);
	if (environ && environ != envp)
		take_out(environ, names, values, count);
}

static bool same_name(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");
	return strncmp(a, b, length) == 0 && b[length] == '=';
}

static bool has_name(char *const *vector, size_t count, const char *variable)
{
	for (size_t i = 0; i < count; i++)
		if (same_name(variable, vector[i]))
			return true;
	return false;
}

char **environment_replace(const struct hold_environment *environment, char *const *envp)
{
	static char *vector[PROTOCOL_STRINGS_MAX + ADDED_MAX + 1];
	size_t count = 0;
	while (envp[count] && count < PROTOCOL_STRINGS_MAX) {
		vector[count] = envp[count];
		count++;
	}
	size_t given = count;
	for (size_t i = 0; environ && environ != environment->original && environ[i] &&
			   count < given + ADDED_MAX;
		i++)
		if (!has_name(environment->original, environment->count, environ[i]) &&
			!has_name(vector, given, environ[i]))
			vector[count++] = environ[i];
	vector[count] = NULL;
	char **where = count <= environment->slots ? environment->original : vector;
	if (where != vector)
		memcpy(where, vector, (count + 1) * sizeof *where);
	environ = where;
	return where;
}
