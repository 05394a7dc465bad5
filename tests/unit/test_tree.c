/* SPDX-License-Identifier: MIT */
/* Trees that nobody would make but to harm: each is removed in a thread with a small stack and a
 * handful of descriptors. */
#include "unit_wait.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/tree.h"

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { STACK_BYTES = 1024 * 1024 };
#else
enum { STACK_BYTES = 64 * 1024 };
#endif
enum { DEPTH = 20000, WIDTH = 10000, DEPTH_WITHOUT_MOVING = 1500, NOBODY = 65534 };
enum { FILES = 3, FILES_DOWN = 20 }; /* as tree.h says */

static char area[32];

static int setup(void **state)
{
	(void)state;
	/* Hundred thousand changes to a journal would be a test of the disk. */
	bool memory = access("/dev/shm", W_OK) == 0;
	snprintf(area, sizeof area, "%s/tree.XXXXXX", memory ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(area));
	assert_int_equal(chmod(area, 0777), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	const struct tree_limit limit = {.until_ms = CLOCK_NEVER};
	return tree_remove(AT_FDCWD, area, &limit);
}

static int open_area(void)
{
	int fd = open(area, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void make_file(int directory, const char *name)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

/* Returns the lowest directory. */
static int make_chain(int parent, const char *first, unsigned depth)
{
	int at = dup(parent);
	for (unsigned i = 0; i < depth; i++) {
		const char *name = i == 0 ? first : i % 2 ? "0" : "a";
		assert_int_equal(mkdirat(at, name, 0700), 0);
		int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(at);
		at = next;
	}
	return at;
}

struct task {
	int directory;
	const struct tree_limit *limit;
	int result;
};

static void *remove_tree(void *argument)
{
	struct task *task = argument;
	task->result = tree_remove(task->directory, "tree", task->limit);
	return NULL;
}

/* Removes "tree" in the area with so many descriptors. */
static int remove_with(const struct tree_limit *limit, unsigned files)
{
	struct task task = {.directory = open_area(), .limit = limit};
	struct rlimit old, few;
	pthread_t thread;
	pthread_attr_t attributes;
	getrlimit(RLIMIT_NOFILE, &old);
	int lowest = dup(task.directory);
	close(lowest);
	few = (struct rlimit){(rlim_t)lowest + files, old.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	assert_int_equal(pthread_create(&thread, &attributes, remove_tree, &task), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	setrlimit(RLIMIT_NOFILE, &old);
	close(task.directory);
	return task.result;
}

static bool exists(const char *name)
{
	FD_CLEANUP int directory = open_area();
	struct stat st;
	return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static const struct tree_limit no_limit = {.until_ms = CLOCK_NEVER};

static void deep(void **state)
{
	(void)state;
	FD_CLEANUP int directory = open_area();
	int lowest = make_chain(directory, "tree", DEPTH);
	make_file(lowest, "file");
	close(lowest);
	assert_int_equal(remove_with(&no_limit, FILES), 0);
	assert_false(exists("tree"));
}

static void wide(void **state)
{
	(void)state;
	FD_CLEANUP int directory = open_area();
	FD_CLEANUP int tree = make_chain(directory, "tree", 2);
	char name[32];
	for (int i = 0; i < WIDTH; i++) {
		snprintf(name, sizeof name, "%d", i);
		if (i % 2) {
			make_file(tree, name);
		} else {
			FD_CLEANUP int below = make_chain(tree, name, 2);
			make_file(below, name);
		}
	}
	assert_int_equal(remove_with(&no_limit, FILES), 0);
	assert_false(exists("tree"));
}

static void links_are_not_followed(void **state)
{
	(void)state;
	FD_CLEANUP int directory = open_area();
	FD_CLEANUP int kept = make_chain(directory, "kept", 1);
	FD_CLEANUP int tree = make_chain(directory, "tree", 3);
	make_file(kept, "file");
	assert_int_equal(fchmod(kept, 0755), 0);
	assert_int_equal(symlinkat("../../../kept", tree, "link"), 0);
	assert_int_equal(symlinkat(area, tree, "0"), 0);
	assert_int_equal(mkfifoat(tree, "fifo", 0600), 0);
	assert_int_equal(remove_with(&no_limit, FILES), 0);
	assert_false(exists("tree"));
	assert_true(exists("kept/file"));
	struct stat st;
	assert_int_equal(fstat(kept, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	/* nor is one in the place of the tree itself */
	assert_int_equal(symlinkat("kept", directory, "tree"), 0);
	assert_int_equal(remove_with(&no_limit, FILES), 0);
	assert_false(exists("tree"));
	assert_true(exists("kept/file"));
}

/* Root may do everything, so this is somebody else. */
static int in_child(int (*body)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
					      setresuid(NOBODY, NOBODY, NOBODY) < 0))
			_exit(99);
		_exit(body());
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int remove_closed_ones(void)
{
	static const mode_t modes[] = {0, 0100, 0200, 0300, 0400, 0500, 0600};
	FD_CLEANUP int directory = open_area();
	FD_CLEANUP int tree = make_chain(directory, "tree", 1);
	char name[32];
	for (unsigned i = 0; i < UNIT_COUNT(modes); i++) {
		for (unsigned depth = 1; depth < 6; depth++) {
			snprintf(name, sizeof name, "%u-%u", i, depth);
			int at = dup(tree);
			for (unsigned k = 0; k < depth; k++) {
				int below = make_chain(at, name, 1);
				if (k > 0 && fchmod(at, modes[i]) < 0)
					return 1;
				close(at);
				at = below;
			}
			make_file(at, "file");
			fchmod(at, modes[i]);
			close(at);
		}
	}
	fchmod(tree, 0);
	return remove_with(&no_limit, FILES) == 0 && !exists("tree") ? 0 : 2;
}

static void closed_ones(void **state)
{
	(void)state;
	assert_int_equal(in_child(remove_closed_ones), 0);
}

/* A rule set that does not speak of it forbids to move a directory from one to another. */
static bool forbid_moving(void)
{
	struct {
		uint64_t fs;
	} attr = {LANDLOCK_ACCESS_FS_MAKE_BLOCK};
	long fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	bool done = fd >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		    syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	if (fd >= 0)
		close((int)fd);
	return done;
}

static int remove_without_moving(void)
{
	FD_CLEANUP int directory = open_area();
	int lowest = make_chain(directory, "tree", DEPTH_WITHOUT_MOVING);
	make_file(lowest, "file");
	close(lowest);
	if (!forbid_moving())
		return 77;
	return remove_with(&no_limit, FILES_DOWN) == 0 && !exists("tree") ? 0 : 2;
}

static void without_moving(void **state)
{
	(void)state;
	int r = in_child(remove_without_moving);
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

static void stops_and_goes_on(void **state)
{
	(void)state;
	FD_CLEANUP int directory = open_area();
	close(make_chain(directory, "tree", 100));
	const struct tree_limit few = {.until_ms = CLOCK_NEVER, .entries = 30};
	int calls = 1;
	for (; remove_with(&few, FILES) == -EAGAIN; calls++)
		assert_true(calls < 20);
	assert_false(exists("tree"));
	assert_true(calls > 3);

	close(make_chain(directory, "tree", 100));
	const struct tree_limit past = {.until_ms = 1};
	assert_int_equal(remove_with(&past, FILES), -EAGAIN);
	const atomic_bool stop = true;
	const struct tree_limit stopped = {.until_ms = CLOCK_NEVER, .stop = &stop};
	assert_int_equal(remove_with(&stopped, FILES), -EAGAIN);
	/* no descriptor at all: later */
	assert_int_equal(remove_with(&no_limit, 0), -EMFILE);
	assert_int_equal(remove_with(&no_limit, 1), -EMFILE);
	assert_int_equal(remove_with(&no_limit, FILES), 0);
	assert_false(exists("tree"));
}

static atomic_bool writing;

static void *write_on(void *argument)
{
	(void)argument;
	char name[32];
	FD_CLEANUP int directory = open_area();
	for (unsigned i = 0; atomic_load(&writing); i++) {
		snprintf(name, sizeof name, "tree/%u", i % 1000);
		mkdirat(directory, "tree", 0700);
		mkdirat(directory, name, 0700);
		snprintf(name, sizeof name, "tree/%u/x", i % 1000);
		mkdirat(directory, name, 0700);
	}
	return NULL;
}

static int count_one(void *data, int directory, const char *path, const struct stat *st)
{
	(void)directory;
	(void)path;
	(void)st;
	++*(unsigned *)data;
	return 0;
}

/* Whoever is still at work cannot hold us up. */
static void ends_beside_a_writer(void **state)
{
	(void)state;
	pthread_t thread;
	atomic_store(&writing, true);
	assert_int_equal(pthread_create(&thread, NULL, write_on, NULL), 0);
	FD_CLEANUP int directory = open_area();
	for (int i = 0; i < 5; i++) {
		uint64_t begin = clock_now_ms();
		const struct tree_limit limit = {.until_ms = begin + 50};
		tree_remove(directory, "tree", &limit);
		unsigned seen = 0;
		const struct tree_bounds bounds = {
			.depth = 16, .entries = 1000000, .until_ms = begin + 100, .strict = true};
		tree_walk(directory, "tree", &bounds, count_one, &seen);
		assert_true(clock_now_ms() - begin < UNIT_PATIENCE_MS / 2);
	}
	atomic_store(&writing, false);
	pthread_join(thread, NULL);
	int r = tree_remove(directory, "tree", &no_limit);
	assert_true(r == 0 || r == -ENOENT);
}

static void walk_is_bounded(void **state)
{
	(void)state;
	FD_CLEANUP int directory = open_area();
	FD_CLEANUP int lowest = make_chain(directory, "tree", 4);
	make_file(lowest, "file");
	assert_int_equal(symlinkat("..", lowest, "up"), 0);
	unsigned seen = 0;
	struct tree_bounds bounds = {
		.depth = 16, .entries = 5, .until_ms = CLOCK_NEVER, .strict = true};
	assert_int_equal(tree_walk(directory, "tree", &bounds, count_one, &seen), 0);
	assert_int_equal(seen, 5);
	bounds.entries = 4;
	assert_int_equal(tree_walk(directory, "tree", &bounds, count_one, &seen), -EOVERFLOW);
	bounds.entries = 100;
	bounds.depth = 2;
	assert_int_equal(tree_walk(directory, "tree", &bounds, count_one, &seen), -EOVERFLOW);
	bounds.strict = false;
	assert_int_equal(tree_walk(directory, "tree", &bounds, count_one, &seen), 0);
	bounds.until_ms = 1;
	assert_int_equal(tree_walk(directory, "tree", &bounds, count_one, &seen), -ETIME);
	assert_int_equal(tree_walk(directory, "none", &bounds, count_one, &seen), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(deep, setup, teardown),
		cmocka_unit_test_setup_teardown(wide, setup, teardown),
		cmocka_unit_test_setup_teardown(links_are_not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(without_moving, setup, teardown),
		cmocka_unit_test_setup_teardown(stops_and_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_beside_a_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(walk_is_bounded, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
