/* SPDX-License-Identifier: MIT */
#include "src/recipe/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/elf.h"
#include "base/fd.h"

static void take_entries(struct elf_file *file, const struct elf_dynamic *dynamic)
{
	const char *rpath = NULL;
	for (size_t i = 0; i < dynamic->count; i++) {
		const ElfW(Dyn) *entry = &dynamic->entries[i];
		if (entry->d_un.d_val >= dynamic->size)
			continue;
		const char *text = file->strings + entry->d_un.d_val;
		if (entry->d_tag == DT_NEEDED && file->needed_count < ELF_FILE_NEEDED_MAX)
			file->needed[file->needed_count++] = text;
		else if (entry->d_tag == DT_RUNPATH)
			file->runpath = text;
		else if (entry->d_tag == DT_RPATH)
			rpath = text;
	}
	if (!file->runpath)
		file->runpath = rpath;
}

int elf_file_read(const char *path, struct elf_file *out)
{
	*out = (struct elf_file){0};
	FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct elf elf;
	if (fd < 0 || elf_read(&elf, fd) != 0)
		return -ENOEXEC;
	struct elf_dynamic *dynamic = malloc(sizeof *dynamic);
	if (!dynamic)
		return -ENOMEM;
	int r = elf_dynamic_read(&elf, dynamic);
	if (r == 0) {
		out->strings = dynamic->strings;
		dynamic->strings = NULL;
		take_entries(out, dynamic);
	}
	elf_dynamic_clear(dynamic);
	free(dynamic);
	return r > 0 ? -ENOEXEC : r;
}

bool elf_file_fits(const char *path)
{
	struct stat st;
	struct elf elf;
	FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && elf_read(&elf, fd) == 0 &&
	       elf_is_of_this_machine(&elf);
}

void elf_file_clear(struct elf_file *file)
{
	free(file->strings);
	*file = (struct elf_file){0};
}
