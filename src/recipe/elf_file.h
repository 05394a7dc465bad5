/* SPDX-License-Identifier: MIT */
#ifndef SRC_RECIPE_ELF_FILE_H
#define SRC_RECIPE_ELF_FILE_H

/*
 * What an ELF file of this machine says about its libraries. Every number in the file is checked
 * before it is used. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>

enum { ELF_FILE_NEEDED_MAX = 256 };

struct elf_file {
	char *strings; /* owned; NUL-terminated */
	size_t needed_count;
	const char *needed[ELF_FILE_NEEDED_MAX]; /* names; into strings */
	const char *runpath;			 /* DT_RUNPATH, or else DT_RPATH; NULL: none */
};

/* Returns 0; -ENOEXEC: no such file, or one without a dynamic section; -ENOMEM. */
int elf_file_read(const char *path, struct elf_file *out);
void elf_file_clear(struct elf_file *file);

/* Whether there is an ELF file that this machine's dynamic linker would take: the linker passes
 * over those for other machines. */
bool elf_file_fits(const char *path);

#endif
