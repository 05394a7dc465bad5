/* SPDX-License-Identifier: MIT */
#include "src/recipe/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

enum { SEGMENTS_MAX = 64, DYNAMIC_MAX = 1024, STRINGS_MAX = 4 << 20 };

struct segments {
	size_t count;
	Elf64_Phdr list[SEGMENTS_MAX];
};

static bool read_at(int fd, void *to, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

static bool read_segments(int fd, struct segments *segments)
{
	Elf64_Ehdr header;
	if (!read_at(fd, &header, sizeof header, 0) ||
		memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
		header.e_ident[EI_CLASS] != ELFCLASS64 ||
		header.e_phentsize != sizeof *segments->list || header.e_phnum > SEGMENTS_MAX)
		return false;
	segments->count = header.e_phnum;
	return read_at(
		fd, segments->list, segments->count * sizeof *segments->list, header.e_phoff);
}

/* Where an address of the loaded program stands in the file. */
static bool offset_of(const struct segments *segments, uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < segments->count; i++) {
		const Elf64_Phdr *part = &segments->list[i];
		if (part->p_type != PT_LOAD || address < part->p_vaddr ||
			address - part->p_vaddr >= part->p_filesz)
			continue;
		*offset = part->p_offset + (address - part->p_vaddr);
		return true;
	}
	return false;
}

/* Returns how many entries. */
static size_t read_dynamic(int fd, const struct segments *segments, Elf64_Dyn *entries)
{
	for (size_t i = 0; i < segments->count; i++) {
		const Elf64_Phdr *part = &segments->list[i];
		if (part->p_type != PT_DYNAMIC)
			continue;
		size_t count = part->p_filesz / sizeof *entries;
		count = count < DYNAMIC_MAX ? count : DYNAMIC_MAX;
		return read_at(fd, entries, count * sizeof *entries, part->p_offset) ? count : 0;
	}
	return 0;
}

static int read_strings(int fd, const struct segments *segments, const Elf64_Dyn *entries,
	size_t count, char **strings, size_t *size)
{
	uint64_t address = 0, offset;
	*size = 0;
	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
		if (entries[i].d_tag == DT_STRTAB)
			address = entries[i].d_un.d_ptr;
		else if (entries[i].d_tag == DT_STRSZ)
			*size = entries[i].d_un.d_val;
	}
	if (*size == 0 || *size > STRINGS_MAX || !offset_of(segments, address, &offset))
		return -ENOEXEC;
	*strings = malloc(*size + 1);
	if (!*strings)
		return -ENOMEM;
	(*strings)[*size] = '\0';
	return read_at(fd, *strings, *size, offset) ? 0 : -ENOEXEC;
}

static void take_entries(struct elf_file *file, size_t size, const Elf64_Dyn *entries, size_t count)
{
	const char *rpath = NULL;
	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
		const char *text =
			entries[i].d_un.d_val < size ? file->strings + entries[i].d_un.d_val : NULL;
		if (!text)
			continue;
		if (entries[i].d_tag == DT_NEEDED && file->needed_count < ELF_FILE_NEEDED_MAX)
			file->needed[file->needed_count++] = text;
		else if (entries[i].d_tag == DT_RUNPATH)
			file->runpath = text;
		else if (entries[i].d_tag == DT_RPATH)
			rpath = text;
	}
	if (!file->runpath)
		file->runpath = rpath;
}

int elf_file_read(const char *path, struct elf_file *out)
{
	*out = (struct elf_file){0};
	FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct segments segments;
	if (fd < 0 || !read_segments(fd, &segments))
		return -ENOEXEC;
	Elf64_Dyn *entries = malloc(DYNAMIC_MAX * sizeof *entries);
	if (!entries)
		return -ENOMEM;
	size_t size = 0, count = read_dynamic(fd, &segments, entries);
	int r = count > 0 ? read_strings(fd, &segments, entries, count, &out->strings, &size)
			  : -ENOEXEC;
	if (r == 0)
		take_entries(out, size, entries, count);
	free(entries);
	if (r < 0)
		elf_file_clear(out);
	return r;
}

void elf_file_clear(struct elf_file *file)
{
	free(file->strings);
	*file = (struct elf_file){0};
}
