/* SPDX-License-Identifier: MIT */
/* ps reads the arguments from the process' memory, at addresses that the kernel has noted at
 * execve. PR_SET_MM_MAP changes them all at once and needs no capability, while changing single
 * ones does. Where the kernel lacks it, ps shows the holder. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "spawn/warm/hold.h"

void memory_read(struct hold_memory *memory)
{
	char text[2048];
	FD_CLEANUP int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (n <= 0)
		return;
	text[n] = '\0';
	const char *fields = strrchr(text, ')');
	/* proc_pid_stat(5): fields 26 to 28 and 45 to 51, and the one behind ')' is number 3 */
	unsigned long code[3], data[7];
	static const char format[] = ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				     "%*s %*s %*s %*s %*s %*s %*s "
				     "%*s %*s %lu %lu %lu %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				     "%*s %*s %*s %*s %*s %*s "
				     "%lu %lu %lu %lu %lu %lu %lu";
	if (!fields || sscanf(fields, format, &code[0], &code[1], &code[2], &data[0], &data[1],
			       &data[2], &data[3], &data[4], &data[5], &data[6]) != 10)
		return;
	*memory = (struct hold_memory){
		.known = code[0] && data[3],
		.start_code = code[0],
		.end_code = code[1],
		.start_stack = code[2],
		.start_data = data[0],
		.end_data = data[1],
		.start_brk = data[2],
		.arg_start = data[3],
		.arg_end = data[4],
		.env_start = data[5],
		.env_end = data[6],
	};
}

void memory_show(const struct hold_memory *memory, const char *arguments, const char *arguments_end,
	const char *variables, const char *variables_end)
{
	if (!memory->known)
		return;
	struct prctl_mm_map map = {
		.start_code = memory->start_code,
		.end_code = memory->end_code,
		.start_data = memory->start_data,
		.end_data = memory->end_data,
		.start_brk = memory->start_brk,
		.brk = (unsigned long)syscall(SYS_brk, 0),
		.start_stack = memory->start_stack,
		.arg_start = arguments ? (uintptr_t)arguments : memory->arg_start,
		.arg_end = arguments ? (uintptr_t)arguments_end : memory->arg_end,
		.env_start = variables ? (uintptr_t)variables : memory->env_start,
		.env_end = variables ? (uintptr_t)variables_end : memory->env_end,
		.exe_fd = (__u32)-1,
	};
	prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0);
}
