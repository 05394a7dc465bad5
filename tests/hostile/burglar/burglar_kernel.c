/* SPDX-License-Identifier: MIT */
#include "burglar.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	NR_OPEN_TREE = 428,
	NR_FSOPEN = 430,
	NR_IO_URING_SETUP = 425,
	NR_CLONE3 = 435,
	NR_PROCESS_MADVISE = 440
};

static int unshare_user(const char *unused)
{
	(void)unused;
	return burglar_result(unshare(CLONE_NEWUSER));
}

static int clone_user(const char *unused)
{
	(void)unused;
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return burglar_result(pid);
}

static int clone3_user(const char *unused)
{
	unsigned long arguments[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
	(void)unused;
	pid_t pid = (pid_t)syscall(NR_CLONE3, arguments, sizeof arguments);
	if (pid == 0)
		_exit(0);
	return burglar_result(pid);
}

/* A child of the daemon, which nobody ends with the job. */
static int clone_beside(const char *unused)
{
	(void)unused;
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return burglar_result(pid);
}

static int enter_namespace(const char *unused)
{
	(void)unused;
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	return fd < 0 ? -errno : burglar_result(setns(fd, CLONE_NEWUSER | CLONE_NEWNS));
}

static int change_root(const char *unused)
{
	(void)unused;
	return burglar_result(chroot("."));
}

static int make_device(const char *unused)
{
	(void)unused;
	return burglar_result(mknod("device", S_IFCHR | 0600, 0x103));
}

static int make_handle(const char *unused)
{
	struct {
		struct file_handle head;
		char room[128];
	} handle = {.head = {.handle_bytes = 128}};
	int mount;
	(void)unused;
	return burglar_result(name_to_handle_at(AT_FDCWD, ".", &handle.head, &mount, 0));
}

static int personality_flags(const char *unused)
{
	(void)unused;
	return burglar_result(syscall(SYS_personality, 0x0040000 /* ADDR_NO_RANDOMIZE */));
}

static int set_ids(const char *unused)
{
	(void)unused;
	return burglar_result(syscall(SYS_setresuid, getuid(), getuid(), getuid()));
}

static int set_file_id(const char *unused)
{
	(void)unused;
	errno = 0;
	syscall(SYS_setfsuid, getuid());
	return errno ? -errno : 0;
}

static int become_root(const char *unused)
{
	(void)unused;
	return burglar_result(setuid(0));
}

static int new_ring(const char *unused)
{
	char parameters[120] = {0};
	(void)unused;
	return burglar_result(syscall(NR_IO_URING_SETUP, 1, parameters));
}

static int shared_memory(const char *unused)
{
	(void)unused;
	long id = syscall(SYS_shmget, 0, 4096, 01600);
	if (id >= 0)
		syscall(SYS_shmctl, id, 0, NULL);
	return burglar_result(id);
}

static int message_queue(const char *unused)
{
	(void)unused;
	long id = syscall(SYS_msgget, 0, 01600);
	if (id >= 0)
		syscall(SYS_msgctl, id, 0, NULL);
	return burglar_result(id);
}

static int posix_queue(const char *unused)
{
	(void)unused;
	long fd = syscall(SYS_mq_open, "burglar", O_CREAT | O_RDWR, 0600, NULL);
	if (fd >= 0)
		syscall(SYS_mq_unlink, "burglar");
	return burglar_result(fd);
}

static int type_in_terminal(const char *unused)
{
	(void)unused;
	return burglar_result(ioctl(0, TIOCSTI, "x"));
}

static int try_ptrace(const char *pid)
{
	return burglar_result(ptrace(PTRACE_SEIZE, (pid_t)strtol(pid, NULL, 10), NULL, NULL));
}

#define CALL(name, ...)                                                                            \
	static int call_##name(const char *unused)                                                 \
	{                                                                                          \
		(void)unused;                                                                      \
		return burglar_result(syscall(__VA_ARGS__));                                       \
	}
CALL(process_vm_readv, SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0)
CALL(process_vm_writev, SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0)
CALL(pidfd_getfd, 438, -1, 0, 0)
CALL(kcmp, SYS_kcmp, getpid(), getpid(), 0, 0, 0)
CALL(process_madvise, NR_PROCESS_MADVISE, -1, NULL, 0, 0, 0)
CALL(mount, SYS_mount, "none", ".", "tmpfs", 0, NULL)
CALL(umount2, SYS_umount2, "/proc", MNT_DETACH)
CALL(pivot_root, SYS_pivot_root, ".", ".")
CALL(open_tree, NR_OPEN_TREE, AT_FDCWD, ".", 1)
CALL(fsopen, NR_FSOPEN, "tmpfs", 0)
CALL(open_by_handle_at, SYS_open_by_handle_at, AT_FDCWD, NULL, 0)
CALL(bpf, SYS_bpf, 0, NULL, 0)
CALL(perf_event_open, SYS_perf_event_open, NULL, 0, -1, -1, 0)
CALL(userfaultfd, SYS_userfaultfd, O_CLOEXEC)
CALL(keyctl, SYS_keyctl, 0, -4, 0)
CALL(add_key, SYS_add_key, "user", "burglar", "x", 1, -2)
CALL(request_key, SYS_request_key, "user", "burglar", NULL, 0)
CALL(kexec_load, SYS_kexec_load, 0, 0, NULL, 0)
CALL(init_module, SYS_init_module, NULL, 0, "")
CALL(finit_module, SYS_finit_module, -1, "", 0)
CALL(delete_module, SYS_delete_module, "burglar", O_NONBLOCK)
CALL(quotactl, SYS_quotactl, 0, NULL, 0, NULL)
CALL(swapoff, SYS_swapoff, "/")
CALL(acct, SYS_acct, NULL)
CALL(reboot, SYS_reboot, 0, 0, 0, NULL)
CALL(syslog, SYS_syslog, 3, NULL, 0)
CALL(sethostname, SYS_sethostname, "burglar", 7)
CALL(clock_settime, SYS_clock_settime, 0, NULL)
CALL(fanotify_init, SYS_fanotify_init, 0, 0)

/* clang-format off */
#define ROW(name) {#name, call_##name, 0}
/* clang-format on */
const struct burglar_entry burglar_kernel[] = {
	{"unshare", unshare_user, 0},
	{"clone-newuser", clone_user, 0},
	{"clone3-newuser", clone3_user, 0},
	{"clone-parent", clone_beside, 0},
	{"setns", enter_namespace, 0},
	{"chroot", change_root, 0},
	{"mknod", make_device, 0},
	{"name_to_handle_at", make_handle, 0},
	{"personality", personality_flags, 0},
	{"setresuid", set_ids, 0},
	{"setfsuid", set_file_id, 0},
	{"setuid-root", become_root, 0},
	{"io_uring", new_ring, 0},
	{"shmget", shared_memory, 0},
	{"msgget", message_queue, 0},
	{"mq_open", posix_queue, 0},
	{"tiocsti", type_in_terminal, 0},
	{"ptrace", try_ptrace, TARGET_PROCESS},
	ROW(syslog),
	ROW(sethostname),
	ROW(clock_settime),
	ROW(fanotify_init),
	ROW(process_vm_readv),
	ROW(process_vm_writev),
	ROW(pidfd_getfd),
	ROW(kcmp),
	ROW(process_madvise),
	ROW(mount),
	ROW(umount2),
	ROW(pivot_root),
	ROW(open_tree),
	ROW(fsopen),
	ROW(open_by_handle_at),
	ROW(bpf),
	ROW(perf_event_open),
	ROW(userfaultfd),
	ROW(keyctl),
	ROW(add_key),
	ROW(request_key),
	ROW(kexec_load),
	ROW(init_module),
	ROW(finit_module),
	ROW(delete_module),
	ROW(quotactl),
	ROW(swapoff),
	ROW(acct),
	ROW(reboot),
	{NULL, NULL, 0},
};
