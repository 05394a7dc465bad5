/* SPDX-License-Identifier: MIT */
#ifndef BASE_ELF_H
#define BASE_ELF_H

/*
 * Reads parts of ELF files of this machine's word size (elf(5)). Every number in the file is
 * checked before it is used. Any thread, one at a time for each struct.
 */

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ELF_SEGMENTS_MAX = 64,
	ELF_DYNAMIC_MAX = 1024,
	ELF_STRINGS_MAX = 16 << 20,
	ELF_E_OTHER = 1, /* no ELF file */
	ELF_E_CLASS,	 /* of another word size */
	ELF_E_ODD,	 /* its header cannot be right */
};

struct elf {
	int fd;		  /* borrowed */
	unsigned machine; /* EM_… */
	size_t count;
	ElfW(Phdr) segments[ELF_SEGMENTS_MAX];
};

bool elf_read_at(int fd, void *to, size_t size, uint64_t offset);
/* Reads the header and the table of segments. Returns 0 or ELF_E_*. */
int elf_read(struct elf *elf, int fd);
/* Whether programs of this one's kind can load it. True where the machine's number is not known. */
bool elf_is_of_this_machine(const struct elf *elf);
/* The first segment of this type, or NULL. */
const ElfW(Phdr) * elf_find(const struct elf *elf, unsigned type);

/* The entries of the dynamic section and its table of names. */
struct elf_dynamic {
	size_t count;
	ElfW(Dyn) entries[ELF_DYNAMIC_MAX];
	char *strings; /* owned; strings[size] is a NUL */
	size_t size;
};
/* Returns 0, ELF_E_ODD when there is none, or -ENOMEM. elf_dynamic_clear is due in any case. */
int elf_dynamic_read(const struct elf *elf, struct elf_dynamic *dynamic);
void elf_dynamic_clear(struct elf_dynamic *dynamic);

#endif
