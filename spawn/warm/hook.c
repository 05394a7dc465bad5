/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into a program, this takes the place of the function of the C library that calls main:
 * by then all libraries are loaded and bound and their constructors have run. Main is called in
 * a copy of this process that has a job. It is also called when this is not the process that the
 * daemon has started, but a child of a constructor.
 *
 * The program's own allocator, stdio and signal handlers are left alone as far as possible, because
 * main must not see a trace of what is done here.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "spawn/child.h"
#include "spawn/inherited.h"
#include "spawn/namespace.h"
#include "spawn/quiet.h"
#include "spawn/warm/hold.h"

typedef int start_function(hold_main_function *main, int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

start_function __libc_start_main __attribute__((visibility("default")));

enum { VARIABLE_PRELOAD_SELF, VARIABLE_MODE, VARIABLE_MODULES, VARIABLE_PRIME, VARIABLES };
static const char *const variables[VARIABLES] = {
	[VARIABLE_PRELOAD_SELF] = "LD_PRELOAD",
	[VARIABLE_MODE] = HOLDER_MODE_VARIABLE,
	[VARIABLE_MODULES] = HOLDER_MODULES_VARIABLE,
	[VARIABLE_PRIME] = HOLDER_PRIME_VARIABLE,
};

static hold_main_function *program_main;
static struct hold *hold;
static char note_buffer[PROTOCOL_NOTE_MAX];
static struct text note;

/* Is this the process that the daemon has started to be held? */
static bool is_ours(const char *mode)
{
	struct stat info;
	char *end;
	return mode && strtol(mode, &end, 10) == (long)getppid() && *end == ' ' &&
	       fstat(HOLDER_SOCKET_FD, &info) == 0 && S_ISSOCK(info.st_mode);
}

static void open_modules(char *list)
{
	char *rest = NULL;
	for (char *path = strtok_r(list, "\n", &rest); path; path = strtok_r(NULL, "\n", &rest)) {
		/* A path that is relative was not found, and is none below this directory.
		 * Else locally, and lazily when necessary, as the program itself would. Never
		 * unloaded. */
		bool relative = path[0] != '/' && strchr(path, '/');
		if (relative || (!dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) &&
					!dlopen(path, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE)))
			text_printf(&note, "%spreload: not opened: %s", note.len ? "; " : "", path);
	}
}

static void call_initialisers(char *list, const char *name)
{
	char *rest = NULL;
	for (char *symbol = strtok_r(list, "\n", &rest); symbol;
		symbol = strtok_r(NULL, "\n", &rest)) {
		int (*initialise)(const char *) = NULL;
		*(void **)&initialise = dlsym(RTLD_DEFAULT, symbol);
		if (!initialise)
			text_printf(&note, "%sprime: no function %s", note.len ? "; " : "", symbol);
		else
			initialise(name);
	}
}

/* 2: more than one; -1 when it cannot be told. */
static int thread_count(void)
{
	DIR *directory = opendir("/proc/self/task");
	int count = 0;
	if (!directory)
		return -1;
	for (struct dirent *entry; count < 2 && (entry = readdir(directory));)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

static bool say_ready(bool refused)
{
	static struct protocol_ready ready;
	ready.header = protocol_header(PROTOCOL_READY, sizeof ready, 0);
	ready.flags =
		(refused ? PROTOCOL_REFUSED : 0) | (hold->namespaces ? PROTOCOL_NAMESPACED : 0);
	memcpy(ready.note, note_buffer, sizeof ready.note);
	return protocol_send(hold->socket, &ready, sizeof ready, NULL, 0) == 0;
}

_Noreturn static void refuse(const char *why)
{
	text_init(&note, note_buffer, sizeof note_buffer);
	text_escaped(&note, why, strlen(why));
	say_ready(true);
	_exit(1);
}

/* Before any descriptor of ours is open. */
static void look_at_leftovers(void)
{
	char buffer[PROTOCOL_NOTE_MAX];
	struct text why;
	text_init(&why, buffer, sizeof buffer);
	if (!leftovers_look(hold, &why))
		refuse(buffer);
}

static void show_as_holder(const char *program)
{
	struct text text;
	text_init(&text, hold->title, sizeof hold->title);
	text_puts(&text, HOLDER_TITLE);
	text_puts(&text, program);
	memory_show(&hold->memory, hold->title, hold->title + text.len + 1, NULL, NULL);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* ps reads arguments only from anonymous memory, which a library's static variables need not be. */
static struct hold *make_hold(void)
{
	struct hold *made = mmap(
		NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (made == MAP_FAILED)
		_exit(1);
	made->socket = HOLDER_SOCKET_FD;
	made->daemon_pidfd = HOLDER_DAEMON_FD;
	made->standby_pipe = made->watch.fd = -1;
	return made;
}

/* Forbidden calls of jobs shall be named, too. Where it cannot be told, such a call ends the job by
 * the job's own filter, without a name. Jobs have neither the descriptor nor the notes. */
static void begin_watch(void)
{
	int fd = HOLDER_NOTES_FD;
	struct shared_notes *notes;
	bool wanted = hold->confine_ahead > JOB_CONFINE_OFF;
	if (wanted && shared_notes_map(&fd, &notes) == 0 &&
		madvise(notes, sizeof *notes, MADV_DONTFORK) == 0) {
		hold->filters.ending = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_DISABLED;
		hold->watch = (struct forbidden_call_watch){
			.fd = forbidden_call_listen(&hold->filters, false),
			.guard = &hold->guard,
			.notes = notes,
			.namespaced = hold->namespaces,
		};
	}
	close(HOLDER_NOTES_FD);
}

/* Forbids, once for all jobs, what neither they nor this process need from here on. Where that is
 * not possible each job installs its whole filter. */
static void begin_layer(void)
{
	const struct sock_fprog *filter = NULL;
	if (hold->confine_ahead >= 0)
		filters_get_layer(&hold->filters, (enum job_confine)hold->confine_ahead,
			hold->namespaces, FILTER_HELD, &filter);
	hold->layered = filter && child_install_filter(filter, NULL) == 0;
}

static void prepare(char **values, char **argv, const struct hold_environment *environment)
{
	hold = make_hold();
	hold->environment = *environment;
	hold->argv = argv;
	hold->socket = HOLDER_SOCKET_FD;
	hold->daemon_pidfd = HOLDER_DAEMON_FD;
	fcntl(HOLDER_SOCKET_FD, F_SETFD, FD_CLOEXEC);
	fcntl(HOLDER_DAEMON_FD, F_SETFD, FD_CLOEXEC);
	text_init(&note, note_buffer, sizeof note_buffer);
	char buffer[64];
	struct text why;
	text_init(&why, buffer, sizeof buffer);
	if (!leftovers_signals(&why))
		refuse(buffer);
	if (quiet_begin() < 0)
		_exit(1);
	if (thread_count() != 1)
		refuse("its constructors start threads");
	if (values[VARIABLE_MODULES])
		open_modules(values[VARIABLE_MODULES]);
	if (values[VARIABLE_PRIME])
		call_initialisers(values[VARIABLE_PRIME], argv[0]);
	if (!arguments_find(argv))
		refuse("its constructors keep the arguments");
	fflush(NULL); /* or every job repeats what a constructor has written */
	if (thread_count() != 1)
		refuse("preload or prime starts threads");
	if (strstr(values[VARIABLE_MODE], HOLDER_NAMESPACES) &&
		!(hold->namespaces = namespace_enter()))
		refuse("no namespaces, although the spawner has them");
	if (namespace_drop_privileges() < 0)
		refuse("it cannot lose its privileges");
	if (fcntl(HOLDER_FILTERS_FD, F_GETFD) >= 0 &&
		filters_map(HOLDER_FILTERS_FD, &hold->filters) < 0)
		refuse("filters");
	close(HOLDER_FILTERS_FD);
	look_at_leftovers();
	hold->null_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, HOLDER_END_FD);
	guard_init(&hold->guard, HOLD_POLL_FIXED);
	if (hold->null_fd < 0 || guard_reserve(&hold->guard) < 0)
		refuse("no memory");
	const char *confine = strstr(values[VARIABLE_MODE], HOLDER_CONFINE);
	if (confine)
		hold->confine_ahead = (int)strtol(confine + strlen(HOLDER_CONFINE), NULL, 10);
	begin_watch();
	files_remember();
	memory_read(&hold->memory);
	char program[256] = "";
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
	show_as_holder(n > 0 ? program : argv[0]);
	begin_layer();
}

static int held_main(int argc, char **argv, char **envp)
{
	char *values[VARIABLES] = {NULL};
	struct hold_environment environment;
	environment_take(envp, variables, values, VARIABLES, &environment);
	if (!is_ours(values[VARIABLE_MODE]))
		return program_main(argc, argv, envp);
	if (argc != HOLDER_ARGUMENTS)
		_exit(1);
	prepare(values, argv, &environment);
	if (!say_ready(false))
		_exit(1);
	hold_serve(hold);

	struct job_spec *spec = &hold->job.spec;
	for (argc = 0; spec->argv[argc];)
		argc++;
	return program_main(argc, (char **)spec->argv, (char **)spec->envp);
}

/* glibc before 2.34 passes init and fini, later ones NULL. */
int __libc_start_main(hold_main_function *main, int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	start_function *next = NULL;
	*(void **)&next = dlsym(RTLD_NEXT, "__libc_start_main");
	if (!next)
		_exit(127);
	program_main = main;
	return next(held_main, argc, argv, init, fini, rtld_fini, stack_end);
}
