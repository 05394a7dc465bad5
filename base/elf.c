/* SPDX-License-Identifier: MIT */
#include "base/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#elif defined(__i386__)
#define MACHINE EM_386
#elif defined(__arm__)
#define MACHINE EM_ARM
#elif defined(__powerpc64__)
#define MACHINE EM_PPC64
#elif defined(__s390__)
#define MACHINE EM_S390
#else
#define MACHINE EM_NONE
#endif

bool elf_is_of_this_machine(const struct elf *elf)
{
	return MACHINE == EM_NONE || elf->machine == MACHINE;
}

bool elf_read_at(int fd, void *to, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

int elf_read(struct elf *elf, int fd)
{
	ElfW(Ehdr) header;
	*elf = (struct elf){.fd = fd};
	if (!elf_read_at(fd, &header, sizeof header, 0) ||
		memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return ELF_E_OTHER;
	if (header.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
		return ELF_E_CLASS;
	if (header.e_phentsize != sizeof *elf->segments || header.e_phnum > ELF_SEGMENTS_MAX ||
		!elf_read_at(
			fd, elf->segments, header.e_phnum * sizeof *elf->segments, header.e_phoff))
		return ELF_E_ODD;
	elf->machine = header.e_machine;
	elf->count = header.e_phnum;
	return 0;
}

const ElfW(Phdr) * elf_find(const struct elf *elf, unsigned type)
{
	for (size_t i = 0; i < elf->count; i++)
		if (elf->segments[i].p_type == type)
			return &elf->segments[i];
	return NULL;
}

/* Where an address of the loaded program stands in the file. */
static bool offset_of(const struct elf *elf, uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < elf->count; i++) {
		const ElfW(Phdr) *part = &elf->segments[i];
		if (part->p_type != PT_LOAD || address < part->p_vaddr ||
			address - part->p_vaddr >= part->p_filesz)
			continue;
		*offset = part->p_offset + (address - part->p_vaddr);
		return true;
	}
	return false;
}

/* Up to DT_NULL, which is not counted. */
static bool read_entries(const struct elf *elf, struct elf_dynamic *dynamic)
{
	const ElfW(Phdr) *part = elf_find(elf, PT_DYNAMIC);
	if (!part)
		return false;
	size_t count = part->p_filesz / sizeof *dynamic->entries;
	count = count < ELF_DYNAMIC_MAX ? count : ELF_DYNAMIC_MAX;
	if (!elf_read_at(
		    elf->fd, dynamic->entries, count * sizeof *dynamic->entries, part->p_offset))
		return false;
	while (dynamic->count < count && dynamic->entries[dynamic->count].d_tag != DT_NULL)
		dynamic->count++;
	return true;
}

int elf_dynamic_read(const struct elf *elf, struct elf_dynamic *dynamic)
{
	uint64_t address = 0, offset;
	dynamic->count = dynamic->size = 0;
	dynamic->strings = NULL;
	if (!read_entries(elf, dynamic))
		return ELF_E_ODD;
	for (size_t i = 0; i < dynamic->count; i++) {
		if (dynamic->entries[i].d_tag == DT_STRTAB)
			address = dynamic->entries[i].d_un.d_ptr;
		else if (dynamic->entries[i].d_tag == DT_STRSZ)
			dynamic->size = dynamic->entries[i].d_un.d_val;
	}
	if (dynamic->size == 0 || dynamic->size > ELF_STRINGS_MAX ||
		!offset_of(elf, address, &offset))
		return ELF_E_ODD;
	dynamic->strings = malloc(dynamic->size + 1);
	if (!dynamic->strings)
		return -ENOMEM;
	dynamic->strings[dynamic->size] = '\0';
	return elf_read_at(elf->fd, dynamic->strings, dynamic->size, offset) ? 0 : ELF_E_ODD;
}

void elf_dynamic_clear(struct elf_dynamic *dynamic)
{
	free(dynamic->strings);
	dynamic->strings = NULL;
}
