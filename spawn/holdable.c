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
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/elf.h"
#include "base/fd.h"

enum { INTERPRETER_MAX = 256 };

/* Where it was looked at: the order of clone(2)'s arguments, who calls main, and the C library's
 * way to recvmsg(2), which on i386 is a call that jobs do not have. */
#if defined(__x86_64__) || defined(__aarch64__) || defined(__riscv)
enum { IS_KNOWN = 1 };
#else
enum { IS_KNOWN = 0 };
#endif

static const char *check_header(struct elf *elf, int fd)
{
	char start[2];
	if (!elf_read_at(fd, start, sizeof start, 0))
		return "not an ELF program";
	if (start[0] == '#' && start[1] == '!')
		return "a script";
	int r = elf_read(elf, fd);
	if (r == ELF_E_OTHER)
		return "not an ELF program";
	if (r == ELF_E_CLASS || (r == 0 && !elf_is_of_this_machine(elf)))
		return "for another machine";
	if (!IS_KNOWN)
		return "programs of this kind of machine are not held";
	return r == 0 ? NULL : "an odd ELF program";
}

static const char *check_interpreter(const struct elf *elf)
{
	const ElfW(Phdr) *header = elf_find(elf, PT_INTERP);
	char path[INTERPRETER_MAX + 1] = "";
	if (!header)
		return "statically linked";
	if (header->p_filesz > INTERPRETER_MAX ||
		!elf_read_at(elf->fd, path, header->p_filesz, header->p_offset))
		return "an odd ELF program";
	const char *slash = strrchr(path, '/');
	return slash && strncmp(slash + 1, "ld-linux", 8) == 0 ? NULL : "not for the GNU C library";
}

static bool imports_start(const struct elf *elf)
{
	static const char name[] = "__libc_start_main"; /* with its NUL */
	struct elf_dynamic dynamic;
	bool found = elf_dynamic_read(elf, &dynamic) == 0 &&
		     memmem(dynamic.strings, dynamic.size, name, sizeof name);
	elf_dynamic_clear(&dynamic);
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
	struct elf elf;
	const char *refusal = check_header(&elf, fd);
	if (!refusal)
		refusal = check_interpreter(&elf);
	if (!refusal && !imports_start(&elf))
		refusal = "does not start through the C library";
	return refusal;
}
