/* SPDX-License-Identifier: MIT */
#include "base/string_list.h"

#include <stdlib.h>
#include <string.h>

static size_t length_of(char *const *list)
{
	size_t count = 0;
	while (list && list[count])
		count++;
	return count;
}

char **string_list_copy(char *const *list)
{
	size_t count = length_of(list);
	char **copy = calloc(count + 1, sizeof *copy);
	for (size_t i = 0; copy && i < count; i++) {
		if (!(copy[i] = strdup(list[i]))) {
			string_list_free(copy);
			return NULL;
		}
	}
	return copy;
}

void string_list_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}
