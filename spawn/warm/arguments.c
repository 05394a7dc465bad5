/* SPDX-License-Identifier: MIT */
/*
 * Constructors of the GNU C library get argc and argv, and Rust's runtime keeps them: a held
 * program would go on with the arguments of its holder. The vector can be filled again in place,
 * but the number of arguments stands in a variable of the program. So the static variables of all
 * objects are searched once for the vector's address. The number must stand near it; it is an
 * unusual one for that purpose. When it is not found, the program cannot be held.
 */
#include <link.h>
#include <string.h>

#include "spawn/inherited.h"
#include "spawn/warm/hold.h"

enum { KEPT_MAX = 16, NEAR_WORDS = 16 };

static struct {
	char **argv;
	uintptr_t *counts[KEPT_MAX];
	size_t kept;
	bool unclear;
} found;

static bool is_c_library(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	return !strncmp(name, "libc.so.", 8) || !strncmp(name, "ld-linux", 8);
}

static void look_beside(uintptr_t *first, uintptr_t *end, uintptr_t *at)
{
	uintptr_t *from = at - first > NEAR_WORDS ? at - NEAR_WORDS : first;
	uintptr_t *to = end - at > NEAR_WORDS ? at + NEAR_WORDS : end;
	uintptr_t *count = NULL;
	for (uintptr_t *word = from; word < to; word++) {
		if (*word != HOLDER_ARGUMENTS)
			continue;
		found.unclear |= count != NULL;
		count = word;
	}
	if (!count || found.kept == KEPT_MAX)
		found.unclear = true;
	else
		found.counts[found.kept++] = count;
}

static int search(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	if (info->dlpi_name && is_c_library(info->dlpi_name))
		return 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		if (header->p_type != PT_LOAD || !(header->p_flags & PF_W))
			continue;
		uintptr_t start = (info->dlpi_addr + header->p_vaddr + sizeof(uintptr_t) - 1) &
				  ~(sizeof(uintptr_t) - 1);
		uintptr_t *first = (uintptr_t *)start;
		uintptr_t *end =
			first + (info->dlpi_addr + header->p_vaddr + header->p_memsz - start) /
					sizeof *first;
		for (uintptr_t *at = first; at < end; at++)
			if (*at == (uintptr_t)found.argv && at != (uintptr_t *)&found.argv)
				look_beside(first, end, at);
	}
	return 0;
}

bool arguments_find(char **argv)
{
	found.argv = argv;
	dl_iterate_phdr(search, NULL);
	return !found.unclear;
}

void arguments_set(char *const *argv)
{
	size_t count = 0;
	for (; argv[count] && count < HOLDER_ARGUMENTS; count++)
		found.argv[count] = argv[count];
	for (size_t i = count; i < HOLDER_ARGUMENTS; i++)
		found.argv[i] = NULL;
	for (size_t i = 0; i < found.kept; i++)
		*found.counts[i] = count;
}
