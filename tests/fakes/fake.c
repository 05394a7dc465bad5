/* SPDX-License-Identifier: MIT */
/*
 * A converter that does what its arguments say, one step after the other:
 *
 *     fake-converter write 1000 pause 500 write 10 exit 3
 *
 * so that a test reads as the story of a converter, and every way to misbehave is one word.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/fake.h"

struct step {
	const char *name;
	bool has_value;
	void (*run)(const char *value);
};

static uint64_t number(const char *text)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (end == text || *end) {
		fprintf(stderr, "fake: not a number: %s\n", text);
		exit(FAKE_BROKEN);
	}
	return n;
}

static void step_write(const char *v)
{
	output_pattern(number(v));
}
static void step_endless(const char *v)
{
	(void)v;
	output_endless();
}
static void step_text(const char *v)
{
	output_text(STDOUT_FILENO, v);
}
static void step_stderr(const char *v)
{
	output_text(STDERR_FILENO, v);
}
static void step_flood(const char *v)
{
	output_flood(STDERR_FILENO, number(v));
}
static void step_clock(const char *v)
{
	(void)v;
	output_clock();
}
static void step_read(const char *v)
{
	output_copy((int)number(v));
}

/* For arguments that only have to be there. */
static void step_note(const char *v)
{
	(void)v;
}
static void step_stdin(const char *v)
{
	(void)v;
	output_copy(STDIN_FILENO);
}
static void step_copy(const char *v)
{
	output_copy_path(v);
}
static void step_pause(const char *v)
{
	process_pause(number(v));
}
static void step_hang(const char *v)
{
	(void)v;
	process_hang();
}
static void step_spin(const char *v)
{
	(void)v;
	process_spin();
}
static void step_burn(const char *v)
{
	process_burn(number(v));
}
static void step_exit(const char *v)
{
	_exit((int)number(v));
}
static void step_signal(const char *v)
{
	process_die((int)number(v));
}
static void step_ignore(const char *v)
{
	(void)v;
	signal(SIGTERM, SIG_IGN);
}
static void step_child(const char *v)
{
	(void)v;
	process_child(false);
}
static void step_daemon(const char *v)
{
	(void)v;
	process_child(true);
}
static void step_memory(const char *v)
{
	process_memory(number(v));
}
static void step_shared(const char *v)
{
	hide_shared(number(v));
}
static void step_memfd(const char *v)
{
	hide_memfd(number(v));
}
static void step_unnamed(const char *v)
{
	hide_unnamed(number(v));
}
static void step_mapped(const char *v)
{
	hide_mapped(number(v));
}
static void step_undumpable(const char *v)
{
	(void)v;
	hide_itself();
}
static void step_fds(const char *v)
{
	(void)v;
	process_print_fds();
}
static void step_limits(const char *v)
{
	(void)v;
	process_print_limits();
}
static void step_env(const char *v)
{
	(void)v;
	process_print_env();
}
static void step_close(const char *v)
{
	close((int)number(v));
}
static void step_pid(const char *v)
{
	(void)v;
	printf("%d\n", (int)getpid());
	fflush(stdout);
}

/* What follows is written there, from its first byte. */
static void step_to(const char *v)
{
	output_to(v);
}

/* Its own output, against the daemon. */
static void step_seesaw(const char *v)
{
	thief_seesaw(number(v));
}
static void step_lure(const char *v)
{
	thief_lure(number(v));
}
static void step_thief(const char *v)
{
	(void)v;
	thief_child();
}
static void step_resize(const char *v)
{
	(void)v;
	thief_resizes();
}

/* A file of COUNT bytes where converters put their temporary files. */
static void step_tempfile(const char *v)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];

	snprintf(path, sizeof(path), "%s/left-%d", dir ? dir : "/tmp", (int)getpid());
	output_file(path, number(v));
}

/* {output} as something that must not be served */
static void step_link(const char *v)
{
	unlink(v);
	if (symlink("/etc/passwd", v) < 0)
		exit(FAKE_BROKEN);
}
static void step_fifo(const char *v)
{
	unlink(v);
	if (mkfifo(v, 0600) < 0)
		exit(FAKE_BROKEN);
}
static void step_mkdir(const char *v)
{
	unlink(v);
	if (mkdir(v, 0700) < 0)
		exit(FAKE_BROKEN);
}
static void step_deep(const char *v)
{
	tree_deep(number(v));
}
static void step_chains(const char *v)
{
	tree_chains(number(v));
}
static void step_churn(const char *v)
{
	(void)v;
	tree_churn();
}

static const struct step steps[] = {
	{"write", true, step_write},
	{"endless", false, step_endless},
	{"text", true, step_text},
	{"stderr", true, step_stderr},
	{"flood-stderr", true, step_flood},
	{"clock", false, step_clock},
	{"read", true, step_read},
	{"note", true, step_note},
	{"stdin", false, step_stdin},
	{"copy", true, step_copy},
	{"pause", true, step_pause},
	{"hang", false, step_hang},
	{"spin", false, step_spin},
	{"burn", true, step_burn},
	{"exit", true, step_exit},
	{"signal", true, step_signal},
	{"ignore-term", false, step_ignore},
	{"child", false, step_child},
	{"daemon", false, step_daemon},
	{"memory", true, step_memory},
	{"fds", false, step_fds},
	{"limits", false, step_limits},
	{"env", false, step_env},
	{"close", true, step_close},
	{"pid", false, step_pid},
	{"to", true, step_to},
	{"lure", true, step_lure},
	{"seesaw", true, step_seesaw},
	{"thief", false, step_thief},
	{"resize", false, step_resize},
	{"tempfile", true, step_tempfile},
	{"link", true, step_link},
	{"fifo", true, step_fifo},
	{"mkdir", true, step_mkdir},
	{"shared", true, step_shared},
	{"memfd", true, step_memfd},
	{"unnamed", true, step_unnamed},
	{"mapped", true, step_mapped},
	{"undumpable", false, step_undumpable},
	{"deep", true, step_deep},
	{"chains", true, step_chains},
	{"churn", false, step_churn},
};

/* Everything behind `args`, NUL-terminated each: what the test compares with. */
static int print_args(int count, char **argv)
{
	for (int i = 0; i < count; i++)
		fwrite(argv[i], 1, strlen(argv[i]) + 1, stdout);
	return fflush(stdout) ? FAKE_BROKEN : 0;
}

static const struct step *find(const char *name)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	return NULL;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const struct step *step;

		if (strcmp(argv[i], "args") == 0)
			return print_args(argc, argv);
		step = find(argv[i]);
		if (!step || (step->has_value && i + 1 == argc)) {
			fprintf(stderr, "fake: what is %s?\n", argv[i]);
			return FAKE_BROKEN;
		}
		step->run(step->has_value ? argv[++i] : NULL);
	}
	return 0;
}
