/* SPDX-License-Identifier: MIT */
/*
 * `include "FILE"`: where the files of a configuration are found, in which order they count, and
 * how messages name them. Each test makes its files in a directory of its own.
 */
#include "tests/unit/unit.h"

#include "src/config/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECIPE(name)                                                                               \
	"recipe " name " { path = \"/" name "/{source}\" run = {\"cat\", \"{source}\"} }\n"
#define ROOT "root = \"/usr\"\n"

static char directory[64];
static char said[8192];

static const char *path_of(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *out = fopen(path_of(name), "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static int begin(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/sluice-test-include-XXXXXX");
	return mkdtemp(directory) && mkdir(path_of("more"), 0700) == 0 ? 0 : -1;
}

static int end(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof command, "rm -r -- '%s'", directory);
	return system(command);
}

/* What is said has no directory in it, so that it can be compared. */
static int load_as(const char *name, struct config **config)
{
	size_t length = strlen(directory) + 1;
	char *to = said;
	memset(said, 0, sizeof said);
	FILE *errors = fmemopen(said, sizeof said - 1, "w");
	assert_non_null(errors);
	int result = config_load(name, errors, config);
	fclose(errors);
	for (const char *from = said; (*to = *from);) {
		if (strncmp(from, directory, length - 1) == 0 && from[length - 1] == '/') {
			from += length;
			continue;
		}
		from++;
		to++;
	}
	return result;
}

static struct config *load(const char *main_text)
{
	struct config *config = NULL;
	put("main.conf", main_text);
	int result = load_as(path_of("main.conf"), &config);
	if (result != 0 || said[0])
		print_error("%s", said);
	assert_int_equal(result, 0);
	assert_string_equal(said, "");
	return config;
}

/* These are all the messages. */
static void refuse_with(const char *main_text, const char *messages)
{
	struct config *config = NULL;
	put("main.conf", main_text);
	assert_int_equal(load_as(path_of("main.conf"), &config), CONFIG_E_INVALID);
	assert_null(config);
	assert_string_equal(said, messages);
}

static void assert_recipes(const struct config *config, const char *const *names)
{
	size_t count = 0;
	for (; names[count]; count++) {
		assert_true(count < config->recipe_count);
		assert_string_equal(config->recipes[count]->name, names[count]);
	}
	assert_int_equal(config->recipe_count, count);
}

/* The recipes stand where the include stands, whatever else is on its line. */
static void order(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", NULL};
	(void)state;
	put("one.conf", RECIPE("b") "include 'more/two.conf'");
	put("more/two.conf",
		"\xef\xbb\xbf# recipes\r\nslots = 7\r\ninclude\n\"three.conf\" " RECIPE("d"));
	put("more/three.conf", RECIPE("c") "/* the end */");
	put("four.conf", RECIPE("f"));
	put("empty.conf", "");
	struct config *config = load(ROOT RECIPE("a") "include \"one.conf\" " RECIPE(
		"e") "include \"four.conf\" include /* one */ "
		     "\"empty.conf\" # include\n" RECIPE("g"));
	assert_recipes(config, names);
	assert_int_equal(config->slots, 7);
	config_unref(config);
}

/* From the folder of the including file, which is the one that it really lies in. */
static void paths(void **state)
{
	static const char *const names[] = {"b", "c", NULL};
	char text[512], name[256];
	(void)state;
	put("more/b.conf", RECIPE("b"));
	put("c.conf", RECIPE("c"));
	put("more/main.conf", ROOT "include 'b.conf' include '../c.conf'");
	assert_int_equal(symlink("more/main.conf", path_of("link.conf")), 0);
	struct config *config = NULL;
	assert_int_equal(load_as(path_of("link.conf"), &config), 0);
	assert_recipes(config, names);
	config_unref(config);
	snprintf(name, sizeof name, "%s", path_of("more/b.conf"));
	snprintf(text, sizeof text, ROOT RECIPE("c") "include \"%s\"", name);
	config_unref(load(text));
	/* from the working directory, and never of it */
	int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(chdir(directory), 0);
	int first = load_as("link.conf", &config);
	if (first == 0)
		config_unref(config);
	put("more/main.conf", ROOT "include 'c.conf'");
	int second = load_as("link.conf", &config);
	assert_int_equal(fchdir(before), 0);
	close(before);
	assert_int_equal(first, 0);
	assert_int_equal(second, CONFIG_E_INVALID);
	assert_string_equal(said,
		"link.conf:2: include: more/c.conf cannot be read: No such file or directory\n");
}

static void config_dir(void **state)
{
	char expected[256];
	(void)state;
	put("more/b.conf",
		"recipe b { path = \"/{source}\" run = {cat, \"{config_dir}/../x{source}\"}\n"
		"env = {\"A={config_dir}\"} read = {\"{config_dir}/b.conf\", "
		"\"{config_dir}/../main.conf\"} }\n");
	struct config *config =
		load(ROOT "include 'more/b.conf'\n"
			  "recipe c { path = \"/c/{source}\" run = {cat, \"{source}\"} env = "
			  "{\"A={config_dir}\"} }");
	const struct recipe *b = config->recipes[0], *c = config->recipes[1];
	snprintf(expected, sizeof expected, "A=%s/more", directory);
	assert_string_equal(b->env[0], expected);
	assert_string_equal(b->read[0], path_of("more/b.conf"));
	assert_string_equal(b->read[1], path_of("more/../main.conf"));
	snprintf(expected, sizeof expected, "%s/more/../x{source}", directory);
	assert_string_equal(b->run[1], expected);
	snprintf(expected, sizeof expected, "A=%s", directory);
	assert_string_equal(c->env[0], expected);
	config_unref(config);
}

/* -T has the recipes of all files and includes none. */
static void printed(void **state)
{
	static const char *const names[] = {"a", "b", "c", NULL};
	char *text = NULL;
	size_t size;
	(void)state;
	put("b.conf", RECIPE("b"));
	struct config *config = load(ROOT RECIPE("a") "include 'b.conf'" RECIPE("c"));
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	config_print(config, out);
	fclose(out);
	config_unref(config);
	assert_null(strstr(text, "include"));
	assert_int_equal(unlink(path_of("b.conf")), 0);
	config = load(text);
	assert_recipes(config, names);
	config_unref(config);
	free(text);
}

/* Files and lines, also of what follows an include, and of the other place of a message. */
static void places(void **state)
{
	(void)state;
	put("b.conf",
		"# b\nslot = 3\nslots = 2\ninclude 'more/c.conf'\n" RECIPE("b") "tiemout = 3\n");
	put("more/c.conf", "\n\nuser = 5s x\n");
	refuse_with("include 'b.conf'\n" ROOT,
		"more/c.conf:3: user: a value with a blank in it must be "
		"in quotes\n");
	put("more/c.conf", RECIPE("c") "slots = 4");
	refuse_with("recipe b { path = \"/{source}\" run = {cat, \"{source}\"} "
		    "}\n\ninclude\n'b.conf' rooot = "
		    "1\n" ROOT
		    "recipe c { path = \"/d/{source}\" run = {cat, \"{source}\"} }\n" RECIPE(
			    "e") "slots = 9",
		"b.conf:2: unknown option 'slot': did you mean slow?\n"
		"more/c.conf:2: slots: given twice, first on line 3 of b.conf\n"
		"b.conf:5: recipe 'b': there is one of this name on line 1 of main.conf\n"
		"b.conf:6: unknown option 'tiemout': sluice.conf(5) has the options of the file "
		"itself\n"
		"main.conf:4: unknown option 'rooot': did you mean root?\n"
		"main.conf:6: recipe 'c': there is one of this name on line 1 of more/c.conf\n"
		"main.conf:8: slots: given twice, first on line 3 of b.conf\n");
	/* within a file as ever */
	put("b.conf", "\nroot = /usr\nroot = /tmp\n");
	refuse_with(
		RECIPE("a") "include 'b.conf'\n", "b.conf:3: root: given twice, first on line 2\n");
	/* a file closes its braces itself; every file is looked through */
	put("b.conf", "\nrecipe b {\n");
	put("more/c.conf", "\nrecipe c {\npath = \"/{source}\"\n\nrecipe d { }\n");
	refuse_with(ROOT "include 'b.conf'\n}\ninclude 'more/c.conf' x",
		"b.conf:2: this { is never closed\n"
		"main.conf:3: } without {: there is one } too many, here or above\n");
	refuse_with(ROOT "include 'b.conf' include 'more/c.conf'\n include",
		"b.conf:2: this { is never closed\n"
		"more/c.conf:2: this { is never closed: 'recipe' on line 5 stands within it\n"
		"main.conf:3: include: write include \"FILE\"\n");
}

static void not_read(void **state)
{
	char text[300000];
	(void)state;
	refuse_with(ROOT "\ninclude 'no.conf'\n" RECIPE("a"),
		"main.conf:3: include: no.conf cannot be read: No such file or directory\n");
	refuse_with(ROOT "include 'more'\n",
		"main.conf:2: include: more cannot be read: Is a directory\n");
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	refuse_with(ROOT "include 'fifo'\n", "main.conf:2: include: fifo is not a regular file\n");
	refuse_with(ROOT "include '/dev/zero'\n",
		"main.conf:2: include: /dev/zero is not a regular file\n");
	memset(text, '#', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	put("b.conf", text);
	refuse_with(
		ROOT "include 'b.conf'\n", "main.conf:2: include: b.conf larger than 256 KiB\n");
	put("b.conf", RECIPE("b"));
	assert_int_equal(chmod(path_of("b.conf"), 0), 0);
	if (access(path_of("b.conf"), R_OK) < 0) /* never so for root */
		refuse_with(ROOT "include 'b.conf'\n",
			"main.conf:2: include: b.conf cannot be read: Permission denied\n");
}

static void circles(void **state)
{
	char name[32], next[64];
	(void)state;
	refuse_with(ROOT "include 'main.conf'\n",
		"main.conf:2: include: main.conf is this file itself\n");
	put("b.conf", "include 'more/c.conf'");
	put("more/c.conf", "\ninclude '../main.conf'\n");
	refuse_with(ROOT "include 'b.conf'\n",
		"more/c.conf:2: include: more/../main.conf includes this file: a circle\n");
	/* by whichever name */
	put("more/c.conf", "");
	assert_int_equal(symlink("c.conf", path_of("more/d.conf")), 0);
	refuse_with(ROOT "include 'more/c.conf'\ninclude 'more/d.conf'\n",
		"main.conf:3: include: more/d.conf is included already\n");
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof name, "%d.conf", i);
		snprintf(next, sizeof next, "include '%d.conf'", i + 1);
		put(name, i == 8 ? RECIPE("a") : next);
	}
	refuse_with(ROOT "include '1.conf'\n", "7.conf:1: include: 8.conf stands too deep: too "
					       "many files that include each other\n");
	config_unref(load(ROOT "include '2.conf'\n"));
}

/* All files together are bounded: their number, their size, and their braces. */
static void bounds(void **state)
{
	static char all[16384], text[200000];
	char name[32];
	size_t used = (size_t)sprintf(all, ROOT);
	(void)state;
	memset(text, '#', sizeof text - 1);
	for (int i = 0; i < 120; i++) {
		snprintf(name, sizeof name, "%d.conf", i);
		used += (size_t)sprintf(all + used, "include '%s'\n", name);
		put(name, "");
	}
	struct config *config = NULL;
	put("main.conf", all);
	assert_int_equal(load_as(path_of("main.conf"), &config), CONFIG_E_INVALID);
	assert_memory_equal(said, "main.conf:101: include: 99.conf is one file too many\n", 50);
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof name, "%d.conf", i);
		put(name, text);
	}
	refuse_with(ROOT
		"include '0.conf' include '1.conf' include '2.conf'\ninclude '3.conf' include "
		"'4.conf'\ninclude '5.conf'",
		"main.conf:4: include: 5.conf makes the configuration too large\n");
	used = 0;
	for (int i = 0; i < 5000; i++)
		used += (size_t)sprintf(text + used, "recipe r%d {}\n", i);
	put("0.conf", text);
	put("1.conf", text);
	refuse_with(ROOT "include '0.conf' include '1.conf'",
		"1.conf:3000: too many sections and lists in one file\n");
}

static void syntax(void **state)
{
	static const char *const wrong[] = {"include = 'b.conf'", "include b.conf",
		"include('b.conf')", "include {", "include", "include }", "include, 'b.conf'",
		"include ;"};
	char text[128];
	(void)state;
	put("b.conf", RECIPE("b"));
	for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
		snprintf(text, sizeof text, ROOT "%s\n", wrong[i]);
		refuse_with(text, "main.conf:2: include: write include \"FILE\"\n");
	}
	refuse_with(ROOT "include ''\n", "main.conf:2: include '': write a path, without \\, "
					 "${...} and control characters\n");
	refuse_with(ROOT "include \"${HOME}/b.conf\"\n",
		"main.conf:2: include \"${HOME}/b.conf\": write a path, without \\, ${...} and "
		"control "
		"characters\n");
	refuse_with(ROOT "include 'a\\b'\n", "main.conf:2: include 'a\\b': write a path, without "
					     "\\, ${...} and control characters\n");
	refuse_with(ROOT "include 'a\tb'\n", "main.conf:2: include 'a?b': write a path, without "
					     "\\, ${...} and control characters\n");
	refuse_with(ROOT "include 'b.conf\nslots = 1\n",
		"main.conf:2: this text is never closed: a quote is missing\n");
	refuse_with(ROOT "include 'b.conf\n' slots = 1\n",
		"main.conf:2: this text goes on to line 3: a quote is missing at its end\n");
	refuse_with(ROOT "include 'b.conf' 'c.conf'\n",
		"main.conf:2: expected the name of an option here, without quotes\n");
	refuse_with(ROOT
		"recipe a { path = \"/{source}\" run = {cat, \"{source}\"} include 'b.conf' }\n",
		"main.conf:2: unknown option 'include' here: it belongs into the file itself\n");
	refuse_with(ROOT "recipe a { path = \"/{source}\"\ninclude 'b.conf'\n",
		"main.conf:2: this { is never closed: 'include' on line 3 stands within it\n");
	refuse_with(ROOT "recipe a { run = {cat\ninclude 'b.conf'\n",
		"main.conf:2: this { is never closed: 'include' on line 3 stands within it\n");
	refuse_with(ROOT "inclde 'b.conf'\n" RECIPE("a"),
		"main.conf:2: unknown option 'inclde': did you mean include?\n");
	put("b.conf", "\n*");
	refuse_with(ROOT "include 'b.conf'\n",
		"b.conf:2: a value with * or | or a control character must be in quotes\n");
	FILE *out = fopen(path_of("b.conf"), "w");
	assert_non_null(out);
	assert_int_equal(fwrite("\n\n\0", 1, 3, out), 3);
	fclose(out);
	refuse_with(ROOT "include 'b.conf'\n", "b.conf:3: a NUL byte: this is no text file\n");
}

/* The time of the youngest file counts: Last-Modified is made of it. */
static void changed(void **state)
{
	const struct timespec old[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	const struct timespec young[] = {{.tv_sec = 5000}, {.tv_sec = 5000}};
	(void)state;
	put("main.conf", ROOT "include 'b.conf'");
	put("b.conf", RECIPE("b"));
	for (int i = 0; i < 2; i++) {
		struct config *config = NULL;
		assert_int_equal(utimensat(AT_FDCWD, path_of("main.conf"), i ? old : young, 0), 0);
		assert_int_equal(utimensat(AT_FDCWD, path_of("b.conf"), i ? young : old, 0), 0);
		assert_int_equal(load_as(path_of("main.conf"), &config), 0);
		assert_int_equal(config->changed, 5000);
		config_unref(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(order, begin, end),
		cmocka_unit_test_setup_teardown(paths, begin, end),
		cmocka_unit_test_setup_teardown(config_dir, begin, end),
		cmocka_unit_test_setup_teardown(printed, begin, end),
		cmocka_unit_test_setup_teardown(places, begin, end),
		cmocka_unit_test_setup_teardown(not_read, begin, end),
		cmocka_unit_test_setup_teardown(circles, begin, end),
		cmocka_unit_test_setup_teardown(bounds, begin, end),
		cmocka_unit_test_setup_teardown(syntax, begin, end),
		cmocka_unit_test_setup_teardown(changed, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
