/* SPDX-License-Identifier: MIT */
#include "src/recipe/interpreter.h"

#include <stddef.h>
#include <string.h>

enum {
	SHELL = INTERPRETER_SHELL | INTERPRETER_SCRIPT,
	SCRIPT = INTERPRETER_SCRIPT,
	LAUNCHES = INTERPRETER_LAUNCHES,
	FILTER = INTERPRETER_OPERAND | INTERPRETER_PERMUTES,
};

#define OWN "to a script of its own, as an argument"

/* clang-format off */
static const struct interpreter table[] = {
	{"sh ash dash bash rbash zsh ksh* mksh lksh pdksh posh yash fish csh tcsh rc es", SHELL,
		.texts = "c", .long_texts = "--command1", .long_values = "--rcfile1 --init-file1",
		.remedy = "behind the script, as \"$1\""},
	{"perl*", SCRIPT, .texts = "eEMm", .values = "I", .attached = "iFxDCV",
		.remedy = "behind the text, as $ARGV[0]"},
	{"python* pypy*", SCRIPT, .texts = "cm", .values = "WX", .long_values = "--check-hash-based-pycs1",
		.remedy = "behind the text, as sys.argv[1]"},
	{"ruby* jruby", SCRIPT, .texts = "e", .values = "CIrEW", .attached = "iFxKTm",
		.long_values = "--encoding1 --external-encoding1 --internal-encoding1",
		.remedy = "behind the text, as ARGV[0]"},
	{"node nodejs bun", SCRIPT, .texts = "ep", .long_texts = "--eval1 --print1", .values = "rC",
		.long_values = "--require1 --import1", .remedy = "behind the text, as process.argv[1]"},
	{"deno", INTERPRETER_OPERANDS, .remedy = OWN},
	{"php*", SCRIPT, .texts = "rBREfF",
		.long_texts = "--run1 --process-begin1 --process-code1 --process-end1 --file1 --process-file1",
		.values = "dczgS", .remedy = "behind the text and --, as $argv[1]"},
	{"lua* texlua", SCRIPT, .texts = "el", .remedy = "behind a script of its own, as arg[1]"},
	{"tclsh* wish* guile* racket* R Rscript julia* octave* sbcl ghc runghc swipl csi elixir erl "
	 "groovy scala jshell", SCRIPT, .texts = "ecEg",
		.long_texts = "--eval1 -eval1 --print1 --expression1 --code1", .remedy = OWN},
	{"awk gawk mawk nawk bwk original-awk", INTERPRETER_OPERAND, .texts = "feiE",
		.long_texts = "--source1 --file1 --exec1 --include1", .values = "vF",
		.long_values = "--assign1 --field-separator1", .remedy = "as -v NAME=value"},
	{"jq gojq", FILTER, .texts = "f", .long_texts = "--from-file1", .values = "L",
		.long_values = "--arg2 --argjson2 --slurpfile2 --rawfile2 --indent1",
		.remedy = "as --arg NAME value"},
	{"sed gsed ssed", FILTER | INTERPRETER_NUMBERS_FIT, .texts = "ef",
		.long_texts = "--expression1 --file1", .values = "l", .attached = "i",
		.long_values = "--line-length1", .remedy = "to awk, as -v NAME=value"},
	{"gs gsc ghostscript", INTERPRETER_OPERANDS | INTERPRETER_PERMUTES, .texts = "cf",
		.attached = "dDgIoPprsSu", .remedy = "as -sNAME=value"},
	{"sqlite3", INTERPRETER_OPERANDS | INTERPRETER_NUMBERS_FIT, .long_texts = "-cmd1",
		.remedy = OWN},
	{"gnuplot* inkscape blender emacs* vim* nvim ex gimp* openscad psql mysql mariadb dc",
		INTERPRETER_PERMUTES | INTERPRETER_NUMBERS_FIT, .texts = "ecbD",
		.long_texts = "--actions1 --command1 --cmd1 --eval1 --execute1 --expression1 "
			      "--python-expr1 --batch1 --shell1 -eval1",
		.remedy = OWN},

	{"env", LAUNCHES | INTERPRETER_ASSIGNS, .texts = "S", .long_texts = "--split-string1",
		.values = "uC", .long_values = "--unset1 --chdir1", .remedy = "as an argument of its own"},
	{"nice ionice", LAUNCHES, .values = "nc",
		.long_values = "--adjustment1 --class1 --classdata1", .remedy = OWN},
	{"timeout", LAUNCHES, .values = "ks", .long_values = "--kill-after1 --signal1", .before = 1,
		.remedy = OWN},
	{"xargs", LAUNCHES, .values = "adEILnPs",
		.long_values = "--arg-file1 --delimiter1 --max-lines1 --max-args1 --max-procs1 --max-chars1",
		.remedy = OWN},
	{"stdbuf", LAUNCHES, .values = "ioe", .long_values = "--input1 --output1 --error1", .remedy = OWN},
	{"taskset chrt", LAUNCHES, .values = "TPD", .before = 1, .remedy = OWN},
	{"chroot", LAUNCHES, .before = 1, .remedy = OWN},
	{"time gtime", LAUNCHES, .values = "fo", .long_values = "--format1 --output1", .remedy = OWN},
	{"busybox toybox nohup setsid setarch linux32 linux64 prlimit setpriv unshare nsenter eatmydata "
	 "dumb-init tini catchsegv fakeroot proot bwrap firejail strace ltrace valgrind catatonit "
	 "systemd-run systemd-inhibit cgexec sudo doas xvfb-run "
	 "dbus-run-session ld-linux* ld.so ld-musl* qemu-* wine*", LAUNCHES,
		.remedy = OWN},
	{"find", LAUNCHES, .before = 1000, .remedy = OWN},
	{"flock", LAUNCHES, .texts = "c", .long_texts = "--command1", .values = "wE",
		.long_values = "--timeout1 --conflict-exit-code1", .before = 1, .remedy = OWN},
	{"su runuser script", INTERPRETER_PERMUTES, .texts = "c", .long_texts = "--command1",
		.remedy = OWN},
	{"ssh rsh watch parallel make gmake", INTERPRETER_OPERANDS | INTERPRETER_PERMUTES,
		.remedy = OWN},
};
/* clang-format on */

/* Whether the list has the name; *end is where it ends in the list. */
static bool has_name(const char *list, const char *name, size_t length)
{
	for (size_t n; *list; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		bool open = n > 0 && list[n - 1] == '*';
		if ((open ? n - 1 <= length : n == length) && n > 0 &&
			!memcmp(list, name, open ? n - 1 : n))
			return true;
	}
	return false;
}

const struct interpreter *interpreter_find(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (has_name(table[i].names, name, strlen(name)))
			return &table[i];
	return NULL;
}

int interpreter_option(const char *list, const char *option, size_t length)
{
	for (size_t n; list && *list; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		if (n == length + 1 && !memcmp(list, option, length))
			return list[length] - '0';
	}
	return -1;
}
