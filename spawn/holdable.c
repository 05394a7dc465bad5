/* SPDX-License-Identifier: MIT */
/*
 * A program can be held when it names the C library's dynamic linker, asks for no privileges, and
 * imports the function that we replace. The last check excludes programs with an entry point of
 * their own (Go). The administrator has chosen the file, so it is not hostile; every offset in it
 * is checked all the same.
 */
#include "spawn/holdable.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"

enum { HEADERS_MAX = 64, INTERPRETER_MAX = 256, NAMES_MAX = 16 << 20, DYNAMIC_MAX = 512 };

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#else
#define MACHINE EM_NONE
#endif

struct image {
	int fd;
	ElfW(Phdr) headers[HEADERS_MAX];
	size_t count;
};

static bool read_at(int fd, void *data, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, data, size, (off_t)offset) == (ssize_t)size;
}

static const char *read_headers(struct image *image)
{
	ElfW(Ehdr) header;
	char start[2];
	if (!read_at(image->fd, start, sizeof start, 0))
		return "not an ELF program";
	if (start[0] == '#' && start[1] == '!')
		return "a script";
	if (!read_at(image->fd, &header, sizeof header, 0) ||
		memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return "not an ELF program";
	if (header.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
		header.e_machine != MACHINE)
		return "for another machine";
	if (header.e_phentsize != sizeof image->headers[0] || header.e_phnum > HEADERS_MAX ||
		!read_at(image->fd, image->headers, header.e_phnum * sizeof image->headers[0],
			header.e_phoff))
		return "an odd ELF program";
	image->count = header.e_phnum;
	return NULL;
}

static const ElfW(Phdr) * find(const struct image *image, ElfW(Word) type)
{
	for (size_t i = 0; i < image->count; i++)
		if (image->headers[i].p_type == type)
			return &image->headers[i];
	return NULL;
}

static const char *check_interpreter(const struct image *image)
{
	const ElfW(Phdr) *header = find(image, PT_INTERP);
	char path[INTERPRETER_MAX + 1] = "";
	if (!header)
		return "statically linked";
	if (header->p_filesz > INTERPRETER_MAX ||
		!read_at(image->fd, path, header->p_filesz, header->p_offset))
		return "an odd ELF program";
	const char *slash = strrchr(path, '/');
	return slash && strncmp(slash + 1, "ld-linux", 8) == 0 ? NULL : "not for the GNU C library";
}

/* Where an address of the loaded program is in the file. */
static bool file_offset(const struct image *image, uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < image->count; i++) {
		const ElfW(Phdr) *header = &image->headers[i];
		if (header->p_type == PT_LOAD && address >= header->p_vaddr &&
			address - header->p_vaddr < header->p_filesz) {
			*offset = header->p_offset + (address - header->p_vaddr);
			return true;
		}
	}
	return false;
}

static bool imports_start(const struct image *image)
{
	static const char name[] = "__libc_start_main"; /* with its NUL */
	const ElfW(Phdr) *header = find(image, PT_DYNAMIC);
	ElfW(Dyn) dynamic[DYNAMIC_MAX];
	if (!header || header->p_filesz > sizeof dynamic ||
		!read_at(image->fd, dynamic, header->p_filesz, header->p_offset))
		return false;
	uint64_t address = 0, size = 0, offset = 0;
	for (size_t i = 0; i < header->p_filesz / sizeof dynamic[0]; i++) {
		if (dynamic[i].d_tag == DT_STRTAB)
			address = dynamic[i].d_un.d_ptr;
		if (dynamic[i].d_tag == DT_STRSZ)
			size = dynamic[i].d_un.d_val;
	}
	if (size == 0 || size > NAMES_MAX || !file_offset(image, address, &offset))
		return false;
	char *names = malloc(size);
	bool found = names && read_at(image->fd, names, size, offset) &&
		     memmem(names, size, name, sizeof name);
	free(names);
	return found;
}

const char *holdable_refusal(const char *program)
{
	struct stat info;
	FD_CLEANUP int fd = open(program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == EACCES ? "not readable" : "cannot be opened";
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
		return "not a file";
	if (info.st_mode & (S_ISUID | S_ISGID))
		return "setuid or setgid";
	if (fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return "has file capabilities";
	struct image image = {.fd = fd};
	const char *refusal = read_headers(&image);
	if (!refusal)
		refusal = check_interpreter(&image);
	if (!refusal && !imports_start(&image))
		refusal = "does not start through the C library";
	return refusal;
}
