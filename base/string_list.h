/* SPDX-License-Identifier: MIT */
#ifndef BASE_STRING_LIST_H
#define BASE_STRING_LIST_H

/* Lists of strings that end with NULL, as argv does. Any thread. */

/* A copy of list and strings; an empty one of NULL. NULL: out of memory. */
char **string_list_copy(char *const *list);
/* Frees strings and list. NULL is fine. */
void string_list_free(char **list);

#endif
