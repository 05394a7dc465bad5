/* SPDX-License-Identifier: MIT */
/* What a program needs, beside what the dynamic linker itself says (ld.so --list), and files that
 * lie about themselves. */
#include "src/recipe/libraries.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/elf.h"
#include "src/recipe/elf_file.h"
#include "src/recipe/library_search.h"
#include "src/recipe/makers.h"
#include "src/recipe/recipe.h"
#include "tests/unit/unit.h"

static char *const nothing[] = {NULL};

/* By the file, whatever it is called: /lib is a link to /usr/lib. */
static bool has(const struct libraries *libraries, const char *path)
{
	struct stat wanted, st;
	if (stat(path, &wanted) < 0)
		return false;
	for (size_t i = 0; i < libraries->count; i++)
		if (stat(libraries->paths[i], &st) == 0 && st.st_ino == wanted.st_ino &&
			st.st_dev == wanted.st_dev)
			return true;
	return false;
}

static void finds_what_the_linker_finds(void **state)
{
	(void)state;
	static const char *const programs[] = {"/bin/true", "/usr/bin/convert", "/usr/bin/ffmpeg",
		"/usr/bin/vipsthumbnail", "/usr/bin/cjpeg", "/usr/bin/python3"};
	for (size_t i = 0; i < UNIT_COUNT(programs); i++) {
		char command[128], line[1024];
		struct libraries libraries;
		if (access(programs[i], X_OK) < 0)
			continue;
		assert_int_equal(libraries_find(programs[i], nothing, nothing, &libraries), 0);
		/* As ldd(1) does, but without a shell script. */
		snprintf(command, sizeof command, "LD_TRACE_LOADED_OBJECTS=1 %s", programs[i]);
		FILE *list = popen(command, "re");
		assert_non_null(list);
		size_t seen = 0;
		while (fgets(line, sizeof line, list)) {
			char *path = strstr(line, "=> /");
			if (!path)
				continue;
			path += 3;
			path[strcspn(path, " \n")] = '\0';
			seen++;
			if (!has(&libraries, path))
				fail_msg("%s needs %s", programs[i], path);
		}
		pclose(list);
		assert_true(seen > 0);
		/* Nothing that it does not need, but for variants and the linker. */
		assert_in_range(libraries.count, seen, 2 * seen + 4);
		libraries_clear(&libraries);
	}
}

static void others_have_none(void **state)
{
	(void)state;
	static const char *const files[] = {"/etc/passwd", "/nowhere", "/dev/null", "/"};
	for (size_t i = 0; i < UNIT_COUNT(files); i++) {
		struct libraries libraries;
		assert_int_equal(libraries_find(files[i], nothing, nothing, &libraries), 0);
		assert_int_equal(libraries.count, 0);
		libraries_clear(&libraries);
	}
}

/* By dlopen(3) itself, which is what a held program does. */
static void finds_by_name_what_dlopen_finds(void **state)
{
	(void)state;
	static const char *const names[] = {
		"libm.so.6", "libz.so.1", "libcmocka.so.0", "libnettle.so.8"};
	struct library_search search;
	library_search_open(&search, NULL, nothing);
	size_t seen = 0;
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		char path[PATH_MAX];
		char *const opened[] = {(char *)names[i], NULL};
		struct link_map *map = NULL;
		struct libraries libraries;
		void *handle = dlopen(names[i], RTLD_LAZY);
		if (!handle)
			continue;
		seen++;
		assert_int_equal(dlinfo(handle, RTLD_DI_LINKMAP, &map), 0);
		assert_true(library_search_find(&search, names[i], path));
		assert_int_equal(libraries_find("/nowhere", nothing, opened, &libraries), 0);
		if (!has(&libraries, map->l_name) || !has(&libraries, path))
			fail_msg("%s is %s, and not %s", names[i], map->l_name, path);
		libraries_clear(&libraries);
		dlclose(handle);
	}
	assert_true(seen > 0);
	library_search_close(&search);
}

static void put_file(const char *path, const void *content, size_t size)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(content, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* The linker passes over files for other machines, and over what is none. */
static void passes_over_other_machines(void **state)
{
	(void)state;
	char directory[] = "/tmp/sluice-libraries.XXXXXX";
	char lists[2][64], path[PATH_MAX], found[PATH_MAX], variable[256], other[NAME_MAX + 1];
	ElfW(Ehdr) header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
				     sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32},
		.e_machine = EM_VAX,
		.e_phentsize = sizeof(ElfW(Phdr))};
	struct library_search search;
	assert_non_null(mkdtemp(directory));
	for (size_t i = 0; i < 2; i++) {
		snprintf(lists[i], sizeof lists[i], "%s/%zu", directory, i);
		assert_int_equal(mkdir(lists[i], 0700), 0);
	}
	snprintf(variable, sizeof variable, "LD_LIBRARY_PATH=%s:%s", lists[0], lists[1]);
	char *const env[] = {variable, NULL};
	library_search_open(&search, NULL, env);
	snprintf(path, sizeof path, "%s/libsluicetest.so.3", lists[0]);
	put_file(path, &header, sizeof header);
	assert_false(library_search_find(&search, "libsluicetest.so.3", path));
	assert_false(library_search_suggest(&search, "libsluicetest.so.4", other));
	snprintf(path, sizeof path, "%s/libsluicetest.so.3", lists[1]);
	put_file(path, "text", 4);
	assert_false(library_search_find(&search, "libsluicetest.so.3", path));
	struct elf own;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_int_equal(elf_read(&own, self), 0);
	close(self);
	header.e_machine = (ElfW(Half))own.machine;
	snprintf(path, sizeof path, "%s/libsluicetest.so.3", lists[1]);
	put_file(path, &header, sizeof header);
	assert_true(library_search_find(&search, "libsluicetest.so.3", found));
	assert_string_equal(found, path);
	assert_true(library_search_suggest(&search, "libsluicetest.so.4", other));
	assert_string_equal(other, "libsluicetest.so.3");
	library_search_close(&search);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/libsluicetest.so.3", lists[i]);
		unlink(path);
		rmdir(lists[i]);
	}
	rmdir(directory);
}

/* Each place may have a file one day, and there are more of them than there is room for. */
static void places_without_a_file_take_no_room(void **state)
{
	(void)state;
	static char variable[LIBRARIES_MAX * 16] = "LD_LIBRARY_PATH=";
	char *const env[] = {variable, NULL}, *const opened[] = {(char *)"libcmocka.so.0", NULL};
	struct libraries few, many;
	assert_int_equal(libraries_find("/usr/bin/python3", nothing, opened, &few), 0);
	for (int i = 0; i < LIBRARIES_MAX; i++) {
		size_t length = strlen(variable);
		snprintf(variable + length, sizeof variable - length, "/nowhere/%d:", i);
	}
	assert_int_equal(libraries_find("/usr/bin/python3", env, opened, &many), 0);
	for (size_t i = 0; i < few.count; i++)
		if (access(few.paths[i], F_OK) == 0 && !has(&many, few.paths[i]))
			fail_msg("%s is left out", few.paths[i]);
	libraries_clear(&few);
	libraries_clear(&many);
}

static void look_at_makers(char *variable, struct makers_state *state)
{
	const struct recipe recipe = {.env = {variable},
		.preload = {(char *)"libcmocka.so.0"},
		.program_paths = {(char *)"/bin/true"}};
	struct makers *makers = makers_new(&recipe);
	assert_non_null(makers);
	assert_int_equal(makers_look(makers, state), 0);
	makers_free(makers);
}

/* A file in /etc/ld.so.conf.d that another package brings must not empty the cache. */
static void a_directory_more_makes_no_other_results(void **state)
{
	(void)state;
	struct makers_state one, two;
	look_at_makers((char[]){"LD_LIBRARY_PATH=/nowhere/1"}, &one);
	look_at_makers((char[]){"LD_LIBRARY_PATH=/nowhere/1:/nowhere/2"}, &two);
	assert_memory_equal(one.digest, two.digest, sizeof one.digest);
}

/* A program with one byte changed, each in turn through its headers and its dynamic section. */
static void survives_files_that_lie(void **state)
{
	(void)state;
	char path[] = "/tmp/sluice-elf.XXXXXX";
	static unsigned char content[65536];
	int in = open("/bin/true", O_RDONLY | O_CLOEXEC), out = mkstemp(path);
	assert_true(in >= 0 && out >= 0);
	ssize_t size = read(in, content, sizeof content);
	assert_true(size > 1024 && write(out, content, (size_t)size) == size);
	ElfW(Ehdr) header;
	memcpy(&header, content, sizeof header);
	size_t end = header.e_phoff + (size_t)header.e_phnum * sizeof(ElfW(Phdr));
	for (size_t at = 0; at < end; at++) {
		for (unsigned value = 0; value < 3; value++) {
			static const unsigned char values[] = {0, 0x7f, 0xff};
			struct elf_file elf;
			assert_int_equal(pwrite(out, &values[value], 1, (off_t)at), 1);
			if (elf_file_read(path, &elf) == 0)
				assert_in_range(elf.needed_count, 0, ELF_FILE_NEEDED_MAX);
			elf_file_clear(&elf);
		}
		assert_int_equal(pwrite(out, &content[at], 1, (off_t)at), 1);
	}
	close(in);
	close(out);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_the_linker_finds),
		cmocka_unit_test(finds_by_name_what_dlopen_finds),
		cmocka_unit_test(passes_over_other_machines),
		cmocka_unit_test(others_have_none),
		cmocka_unit_test(places_without_a_file_take_no_room),
		cmocka_unit_test(a_directory_more_makes_no_other_results),
		cmocka_unit_test(survives_files_that_lie),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
