/* SPDX-License-Identifier: MIT */
/* Which arguments are the text of a program, and what is said about a parameter in them. */
#include "src/recipe/program_text.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 24 };

static const struct param params[] = {
	{.name = (char *)"t", .type = PARAM_TEXT},
	{.name = (char *)"n", .type = PARAM_INTEGER},
	{.name = (char *)"f", .type = PARAM_FLAG},
};

/* words: the elements of `run`, separated by newlines. Returns the number of the refused argument,
 * -1: none. */
static int check(const char *words, char message[PROGRAM_TEXT_MESSAGE_MAX])
{
	char copy[1024], error[256] = "";
	const char *elements[WORDS_MAX];
	size_t count = 0, element = 0;
	assert_true((size_t)snprintf(copy, sizeof copy, "%s", words) < sizeof copy);
	for (char *word = strtok(copy, "\n"); word; word = strtok(NULL, "\n")) {
		assert_true(count < WORDS_MAX);
		elements[count++] = word;
	}
	struct template *template =
		template_new(elements, count, params, UNIT_COUNT(params), error, sizeof error);
	if (!template)
		fail_msg("%s: %s", words, error);
	bool good = true;
	message[0] = '\0';
	for (size_t i = 0; i < template_program_count(template) && good; i++)
		good = program_text_check(template, i, params, &element, message);
	template_free(template);
	return good ? -1 : (int)element;
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		int element;
		const char *says;
	} rows[] = {
		/* Shells: the first operand, when a letter is c. */
		{"sh\n-c\ncat {t}", 2,
			"{t} within the script of a shell; pass it behind the script"},
		{"sh\n-c\n{t}", 2, "script of a shell"},
		{"sh\n-c\nhead -{n}", 2, "{n} within"},
		{"/bin/bash\n-ec\n{t}", 2, "\"$1\""},
		{"bash\n-euxc\n{t}", 2, "script"},
		{"bash\n-ceu\n{t}", 2, "script"},
		{"bash\n-c\n-e\necho {t}", 3, "script"},
		{"bash\n-o\npipefail\n-c\necho {t}", 4, "script"},
		{"bash\n-ceo\npipefail\necho {t}", 3, "script"},
		{"bash\n-eo\npipefail\n-c\necho {t}", 4, "script"},
		{"bash\n+e\n-c\necho {t}", 3, "script"},
		{"bash\n--norc\n-c\necho {t}", 3, "script"},
		{"bash\n--rcfile\nx\n-c\necho {t}", 4, "script"},
		{"sh\n-c\n--\necho {t}", 3, "script"},
		{"sh\n{t}", 1, "{t} chooses the program that sh runs"},
		{"sh\n-{t}\nx", 1, "{t} within"},
		{"sh\n[\n{f}\n-c\n]\n{t}", 3, "{t}"},
		{"ksh93\n-c\n{t}", 2, "script"},
		{"fish\n--command=echo {t}", 1, "script"},
		/* Launchers. */
		{"env\nsh\n-c\n{t}", 3, "script of a shell"},
		{"env\n-i\nA=b\n/bin/sh\n-c\n{t}", 5, "script"},
		{"env\n-u\nHOME\nsh\n-c\n{t}", 5, "script"},
		{"env\n-S\nsh -c {t}", 2, "program text of env; pass it as an argument of its own"},
		{"env\n-Ssort -k{n}", 1, "{n} within a program text of env"},
		{"env\n--split-string=sort {t}", 1, "program text of env"},
		{"env\n-iS\nsort {t}", 2, "program text of env"},
		{"env\n{t}", 1, "{t} chooses the program that env runs; write a recipe for each"},
		{"env\nA={t}\n{t}", 2, "chooses"},
		{"busybox\nsh\n-c\n{t}", 3, "script"},
		{"busybox\n{t}\nx", 1, "chooses"},
		{"timeout\n5\nsh\n-c\n{t}", 4, "script"},
		{"timeout\n-k\n5\n{n}\nbash\n-ec\n{t}", 6, "script"},
		{"timeout\n5\n{t}", 2, "chooses the program that timeout runs"},
		{"nice\n-n\n5\nsh\n-c\n{t}", 5, "script"},
		{"nice\ntimeout\n5\nenv\nsh\n-c\n{t}", 6, "script"},
		{"xargs\n-n\n1\nsh\n-c\n{t}", 5, "script"},
		{"setsid\n--wait\n/opt/wrapper\nsh\n-c\n{t}", 5, "script"},
		{"find\n{source}\n-exec\nsh\n-c\n{t}", 5, "script"},
		{"/lib64/ld-linux-x86-64.so.2\n/bin/sh\n-c\n{t}", 3, "script"},
		{"flock\n/tmp/x\n-c\n{t}", 3, "program text of flock"},
		{"su\nx\n-c\n{t}", 3, "program text of su"},
		{"watch\n-n\n1\nls {t}", 3, "program text of watch"},
		{"make\nA={t}", 1, "program text of make"},
		/* Interpreters. */
		{"perl\n-e\nprint {n}", 2,
			"{n} within a program text of perl; pass it behind the text, as $ARGV[0]"},
		{"perl\n-e\n1\n-ne\nprint {t}", 4, "program text of perl"},
		{"perl\n-eprint {t}", 1, "program text"},
		{"perl5.36\n-lane\nprint {t}", 2, "program text of perl5.36"},
		{"perl\n-w\n{t}", 2, "chooses the program that perl runs"},
		{"perl\n-M{t}\nx.pl", 1, "program text"},
		{"python3\n-c\nprint({t})", 2, "sys.argv[1]"},
		{"python3.11\n-Ic\nprint({t})", 2, "program text of python3.11"},
		{"/usr/bin/python3\n-Wignore\n-cprint({t})", 2, "program text"},
		{"python3\n-W\nerror\n-c\n{t}", 4, "program text"},
		{"python3\n-m\n{t}", 2, "program text"},
		{"python3\n{t}.py", 1, "chooses"},
		{"timeout\n5\npython3\n-c\n{t}", 4, "program text of python3"},
		{"ruby\n-ne\nputs {t}", 2, "ARGV[0]"},
		{"node\n--eval=f({n})", 1, "process.argv[1]"},
		{"node\n-e\nf({n})", 2, "program text of node"},
		{"php\n-d\na=b\n-r\nf({t});", 4, "program text of php"},
		{"lua5.4\n-e\nf({t})", 2, "program text"},
		{"Rscript\n-e\nf({t})", 2, "program text"},
		{"awk\n{{ print {n} }}", 1, "-v NAME=value"},
		{"gawk\n-F\n:\n-v\na={t}\n{{ print {t} }}", 5, "program text of gawk"},
		{"gawk\n-e\n1\n-e\n{t}", 4, "program text"},
		{"awk\n-f\n{t}", 2, "program text"},
		{"jq\n-r\n.{t}", 2, "--arg"},
		{"jq\n--arg\na\n{t}\n.{t}", 4, "program text of jq"},
		{"sed\ns/a/{t}/", 1, "program text of sed"},
		{"sed\n-n\n-e\np\n-es/{t}/x/", 4, "program text of sed"},
		{"sed\np\n{source}\n--expression\n{t}", 4, "program text of sed"},
		{"gs\n-q\n-c\n({t}) show", 3, "-sNAME=value"},
		{"inkscape\n--actions=select:{t}", 1, "program text of inkscape"},
		{"sqlite3\n{source}\nselect '{t}'", 2, "program text of sqlite3"},
		/* The second program of a pipe. */
		{"cat\n{source}\n|\nsh\n-c\n{t}", 4, "script of a shell"},
	};
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		char message[PROGRAM_TEXT_MESSAGE_MAX];
		int element = check(rows[i].words, message);
		if (element != rows[i].element || !strstr(message, rows[i].says))
			fail_msg("%s:\n%d: \"%s\" lacks \"%s\"", rows[i].words, element, message,
				rows[i].says);
	}
}

static void good(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"convert\n-c\n{t}\n-e\n{t}",
		"/opt/sharp\n-c\n{t}",
		"sh\n-c\ncat \"$1\" <&3\nsh\n{t}\n-x{t}",
		"sh\n-c\ncat {source}\nsh\n{n}",
		"sh\n/opt/script\n{t}",
		"sh\n-e\n/opt/script\n-c\n{t}",
		"bash\n-o\npipefail\n/opt/script\n{t}",
		"env\nA={t}\nconvert\n{t}",
		"env\n-u\nHOME\nsh\n-c\nx\nsh\n{t}",
		"nice\n-n\n{n}\nconvert\n{t}\n-c\n{t}",
		"nice\nconvert\nfind\n{t}",
		"nice\n-{n}\nconvert",
		"timeout\n{n}\nconvert\n{t}",
		"timeout\n-s\nKILL\n{n}\nconvert\n{t}",
		"xargs\n-P\n{n}\nconvert\n{t}",
		"busybox\nunzip\n-p\n{source}\n{t}",
		"find\n{source}\n-name\n{t}",
		"perl\n-e\nprint @ARGV\n{t}\n{n}",
		"perl\n-we\nprint @ARGV\n--\n{t}",
		"perl\n-I\nlib\n/opt/x.pl\n{t}",
		"python3\n-c\nimport sys\n{t}",
		"python3\n-W\nignore\n/opt/x.py\n-c\n{t}",
		"python3\n/opt/x.py\n[\n{f}\n-x\n]\n{t}",
		"python3\n-m\nmodule\n{t}",
		"ruby\n-rset\n-e\nputs ARGV\n{t}",
		"node\n/opt/x.js\n--eval={t}",
		"php\n-r\nf();\n--\n{t}",
		"awk\n-v\na={t}\n{{ print a }}\n{source}",
		"awk\n-va={t}\n{{ print a }}",
		"jq\n--arg\na\n{t}\n$a\n{source}",
		"jq\n.a\n--argjson\na\n{n}",
		"sed\n-n\n{n}p\n{source}",
		"gs\n-q\n-r{n}\n-dFirstPage={n}\n-sTitle={t}\n-o\n{output}\n{source}",
		"inkscape\n--export-width={n}\n--export-background={t}\n{source}",
		"cat\n{source}\n|\nsort\n-c\n{t}",
	};
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		char message[PROGRAM_TEXT_MESSAGE_MAX];
		if (check(rows[i], message) != -1)
			fail_msg("%s:\n%s", rows[i], message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(good),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
