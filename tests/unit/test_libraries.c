/* SPDX-License-Identifier: MIT */
/* What a program needs, beside what the dynamic linker itself says (ld.so --list), and files that
 * lie about themselves. */
#include "src/recipe/libraries.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/recipe/elf_file.h"
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
		assert_int_equal(libraries_find(programs[i], nothing, &libraries), 0);
		snprintf(command, sizeof command, "/lib64/ld-linux-x86-64.so.2 --list %s",
			programs[i]);
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
		assert_int_equal(libraries_find(files[i], nothing, &libraries), 0);
		assert_int_equal(libraries.count, 0);
		libraries_clear(&libraries);
	}
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
	Elf64_Ehdr header;
	memcpy(&header, content, sizeof header);
	size_t end = header.e_phoff + (size_t)header.e_phnum * sizeof(Elf64_Phdr);
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
		cmocka_unit_test(others_have_none),
		cmocka_unit_test(survives_files_that_lie),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
