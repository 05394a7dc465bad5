/* SPDX-License-Identifier: MIT */
/*
 * What is refused with which errno was found out with real converters: the C library must find
 * ENOSYS where it has another way (clone3), programs EACCES or EPERM where they have. setsid and
 * setpgid seem to work, for programs that make themselves a daemon are not prepared for less.
 */
#include "spawn/filter_calls.h"

#include <stddef.h>

const char *const filter_calls_hostile[] = {
	/* into other processes */
	"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "process_madvise",
	"process_mrelease",
	/* the view of the file system, and around it */
	"mount", "umount", "umount2", "pivot_root", "mount_setattr", "move_mount", "open_tree",
	"fsopen", "fsconfig", "fsmount", "fspick", "open_by_handle_at", "quotactl", "quotactl_fd",
	/* the kernel itself */
	"bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "kexec_load",
	"kexec_file_load", "init_module", "finit_module", "delete_module", "create_module",
	"lookup_dcookie", "nfsservctl", "reboot", "swapon", "swapoff", "acct", "iopl", "ioperm",
	NULL};

const char *const filter_calls_eperm[] = {"unshare", "setns", "chroot", "name_to_handle_at",
	"fanotify_init", "mknod", "mknodat", "personality", "setuid", "setgid", "setreuid",
	"setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "setuid32",
	"setgid32", "setreuid32", "setregid32", "setresuid32", "setresgid32", "setgroups32",
	"setfsuid32", "setfsgid32", "syslog", "vhangup", "sethostname", "setdomainname",
	"settimeofday", "clock_settime", "clock_settime64", "stime", "adjtimex", "clock_adjtime",
	"clock_adjtime64", NULL};

/* Without an address no socket reaches anything: what is left is a pair, connected to itself. */
const char *const filter_calls_eacces[] = {
	"socket", "socketcall", "connect", "bind", "inotify_add_watch", NULL};

/* io_uring would do the work of filtered calls; what System V and POSIX queues hold outlives a job.
 */
const char *const filter_calls_enosys[] = {"clone3", "io_uring_setup", "io_uring_enter",
	"io_uring_register", "ipc", "shmget", "msgget", "semget", "mq_open", "uselib", NULL};

/* Attributes of any file, whose owner is the same user, by its name; Landlock does not look at
 * them. */
const char *const filter_calls_enotsup[] = {"setxattr", "lsetxattr", "fsetxattr", "removexattr",
	"lremovexattr", "fremovexattr", "getxattr", "lgetxattr", "listxattr", "llistxattr", NULL};

/* Landlock does not look at modes, owners and times either. Programs set those of files that they
 * have just made, and fail when they cannot. */
const char *const filter_calls_no_effect[] = {"setsid", "setpgid", "chmod", "fchmod", "fchmodat",
	"fchmodat2", "chown", "lchown", "fchown", "fchownat", "chown32", "lchown32", "fchown32",
	"utime", "utimes", "futimesat", "utimensat", "utimensat_time64", NULL};

const char *const filter_calls_keep[] = {"setsid", "setpgid", NULL};

const char *const filter_calls_truncate[] = {"truncate", "truncate64", NULL};

/* Messages (serve.c, by socketcall on some machines), a standby's rights and filter (standby.c),
 * forbidden calls (forbidden_call.c), the end of jobs (group.c). */
const char *const filter_calls_held[] = {"socketpair", "sendmsg", "recvmsg", "socketcall", "capset",
	"seccomp", "ioctl", "pidfd_send_signal", NULL};

const char *const filter_calls_signal[] = {
	"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", NULL};

const struct filter_call_other filter_calls_other[] = {
	{"prlimit64", true, FILTER_SELF_FIRST},
	{"setpriority", true, FILTER_SELF_PRIORITY},
	{"ioprio_set", false, FILTER_SELF_DISK},
	{"sched_setscheduler", false, FILTER_SELF_FIRST},
	{"sched_setparam", false, FILTER_SELF_FIRST},
	{"sched_setattr", false, FILTER_SELF_FIRST},
	{"sched_setaffinity", true, FILTER_SELF_FIRST},
	{"migrate_pages", false, FILTER_SELF_FIRST},
	{"move_pages", false, FILTER_SELF_FIRST},
	{NULL, false, FILTER_ALLOW},
};

const char *const filter_calls_strict[] = {
	/* files */
	"read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev",
	"pwritev2", "lseek", "_llseek", "open", "openat", "openat2", "creat", "close",
	"close_range", "stat", "stat64", "lstat", "lstat64", "fstat", "fstat64", "newfstatat",
	"fstatat64", "statx", "statfs", "statfs64", "fstatfs", "fstatfs64", "access", "faccessat",
	"faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "chdir",
	"fchdir", "dup", "dup2", "dup3", "fcntl", "fcntl64", "flock", "ftruncate", "ftruncate64",
	"truncate", "truncate64", "fallocate", "fsync", "fdatasync", "sync_file_range", "rename",
	"renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "link",
	"linkat", "symlink", "symlinkat", "umask", "fgetxattr", "flistxattr", "fadvise64",
	"fadvise64_64", "arm_fadvise64_64", "arm_sync_file_range", "readahead", "sendfile",
	"sendfile64", "copy_file_range", "splice", "tee", "vmsplice", "pipe", "pipe2",
	"memfd_create", "eventfd", "eventfd2", "inotify_init1", "poll", "ppoll", "ppoll_time64",
	"select", "_newselect", "pselect6", "pselect6_time64", "epoll_create", "epoll_create1",
	"epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
	/* memory */
	"brk", "mmap", "mmap2", "munmap", "mprotect", "mremap", "madvise", "msync", "mincore",
	"mlock", "mlock2", "munlock", "membarrier", "mbind", "get_mempolicy", "set_mempolicy",
	"pkey_mprotect", "pkey_alloc", "pkey_free", "cachestat", "map_shadow_stack",
	/* threads, signals, time */
	"futex", "futex_time64", "futex_waitv", "futex_wake", "futex_wait", "futex_requeue",
	"set_robust_list", "get_robust_list", "set_tid_address", "rseq", "arch_prctl",
	"set_thread_area", "get_thread_area", "set_tls", "cacheflush", "riscv_flush_icache",
	"prctl", "exit", "exit_group", "restart_syscall", "sched_yield", "sched_getaffinity",
	"sched_setaffinity", "sched_getscheduler", "sched_getparam", "sched_getattr",
	"sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval",
	"sched_rr_get_interval_time64", "getpriority", "setpriority", "getcpu", "rt_sigaction",
	"rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait",
	"rt_sigtimedwait_time64", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sigaltstack",
	"sigreturn", "sigaction", "sigprocmask", "signalfd4", "pause", "kill", "tkill", "tgkill",
	"alarm", "wait4", "waitid", "waitpid", "nanosleep", "clock_nanosleep",
	"clock_nanosleep_time64", "clock_gettime", "clock_gettime64", "clock_getres",
	"clock_getres_time64", "gettimeofday", "time", "times", "getitimer", "setitimer",
	"timer_create", "timer_settime", "timer_settime64", "timer_gettime", "timer_gettime64",
	"timer_getoverrun", "timer_delete", "timerfd_create", "timerfd_settime",
	"timerfd_settime64", "timerfd_gettime", "timerfd_gettime64",
	/* about itself */
	"getpid", "getppid", "gettid", "getpgid", "getpgrp", "getsid", "getuid", "geteuid",
	"getgid", "getegid", "getuid32", "geteuid32", "getgid32", "getegid32", "getresuid",
	"getresgid", "getresuid32", "getresgid32", "getgroups", "getgroups32", "capget",
	"getrlimit", "ugetrlimit", "setrlimit", "prlimit64", "getrusage", "sysinfo", "uname",
	"getrandom", NULL};
