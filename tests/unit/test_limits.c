/* SPDX-License-Identifier: MIT */
/* There must be enough descriptors for all places, shared runs, conversions and connections
 * together. The test counts them independently, from what each holds. */
#include "tests/unit/unit.h"

#include "src/admission/limits.h"

enum {
	EACH_PLACE = 3,
	EACH_SHARED_RUN = 3,
	EACH_CONVERSION = 12,
	EACH_PROGRAM = 8,
	DAEMON = 60,
	FEW_DAEMON = 30
};

struct wish {
	unsigned recipes; /* beside a live one */
	unsigned queue, slots, live_slots, connections;
	bool join, stale, other_programs;
};

static struct limits make(const struct wish *wish, unsigned long files)
{
	const char *run[] = {"true"};
	char error[256];
	static char paths[100][16];
	struct template *template = template_new(run, 1, NULL, 0, error, sizeof error);
	static struct recipe recipes[100];
	struct recipe *list[100];
	unsigned count = wish->recipes + 1;
	for (unsigned i = 0; i < count; i++) {
		snprintf(paths[i], sizeof paths[i], "/bin/%u", wish->other_programs ? i : 0);
		recipes[i] = (struct recipe){.queue = wish->queue,
			.slots = wish->slots,
			.template = template,
			.join = wish->join,
			.stale_ms = wish->stale ? 1000 : 0,
			.program_paths = {paths[i]}};
		list[i] = &recipes[i];
	}
	recipes[0].response = RECIPE_LIVE;
	recipes[0].queue = 0;
	recipes[0].slots = wish->live_slots;
	struct config config = {.recipe_count = count,
		.recipes = list,
		.slots = wish->slots,
		.connections = wish->connections};
	struct limits capacity = limits_of(&config, files);
	template_free(template);
	return capacity;
}

static void check(const struct wish *wish, unsigned long files)
{
	struct limits capacity = make(wish, files);
	unsigned programs = !capacity.hold ? 0 : wish->other_programs ? wish->recipes + 1 : 1;
	unsigned long used = (files < 512 ? FEW_DAEMON : DAEMON) + EACH_PROGRAM * programs +
			     capacity.files + EACH_PLACE * capacity.places +
			     EACH_SHARED_RUN * capacity.shared_runs +
			     2 * (capacity.threads - capacity.places) + capacity.connections;
	assert_true(used <= files);
	/* With few descriptors a request waits for its connection, and then has a place. */
	assert_true(files < 512 ? capacity.connections == capacity.places
				: capacity.connections >= files / 8 ||
					  capacity.connections == wish->connections);
	/* A request with a place has a connection as well. */
	assert_true(capacity.connections >= capacity.places);
	assert_true(capacity.places >= (files < 256 ? 1 : 8));
	assert_true(capacity.threads >= capacity.places + (files < 256 ? 2 : 8));
	assert_true(capacity.needed <= files);
	assert_true(capacity.files >= EACH_CONVERSION);
	assert_true(
		capacity.kept_files >= EACH_CONVERSION && capacity.kept_files <= capacity.files);
	assert_int_equal(capacity.shared_runs > 0, wish->join || wish->stale);
	unsigned long wanted = EACH_CONVERSION * (wish->slots + wish->live_slots);
	assert_int_equal(capacity.is_tight, capacity.files < wanted);
}

static void test_fits(void **state)
{
	(void)state;
	for (unsigned long files = 64; files <= 65536; files *= 2)
		for (unsigned queue = 0; queue <= 60000; queue = queue * 3 + 7)
			for (unsigned bits = 0; bits < 4; bits++) {
				struct wish wish = {.recipes = 6,
					.queue = queue,
					.slots = 4,
					.live_slots = 8,
					.connections = 16384,
					.join = bits & 1,
					.stale = bits & 2};
				check(&wish, files);
				wish.slots = wish.live_slots = 200;
				check(&wish, files);
				wish.other_programs = files >= 512;
				check(&wish, files);
			}
}

static void test_follows_the_queues(void **state)
{
	(void)state;
	struct wish wish = {.recipes = 1, .queue = 10, .slots = 2, .connections = 100};
	struct limits small = make(&wish, 65536);
	wish.queue = 1000;
	struct limits large = make(&wish, 65536);
	assert_true(small.places >= 12);
	assert_int_equal(large.places - small.places, 990);
	assert_int_equal(small.connections, 100);
	wish.connections = 4;
	assert_int_equal(make(&wish, 65536).connections, 4);
	wish.connections = 100;
	assert_true(make(&wish, 48).needed > 48);
	assert_true(make(&wish, 64).needed <= 64 && make(&wish, 64).connections >= 1);
	wish = (struct wish){.recipes = 99, .queue = 65535, .slots = 2, .connections = 100};
	assert_true(make(&wish, 1048576).places <= 4096);
}

/* Each has a thread, and descriptors beside those of the places of its waiters. */
static void test_shared_runs(void **state)
{
	(void)state;
	struct wish wish = {
		.recipes = 1, .queue = 1000, .slots = 4, .connections = 16384, .join = true};
	struct limits few = make(&wish, 1024), many = make(&wish, 65536);
	/* The live recipe has no slot and no queue here. */
	assert_in_range(many.shared_runs, 1004, 1100);
	assert_true(few.shared_runs < 200 && few.shared_runs >= 32);
	assert_true(few.shared_runs <= few.places);
	wish.join = false;
	assert_true(make(&wish, 1024).places > few.places);
	wish.stale = true;
	assert_in_range(make(&wish, 65536).shared_runs, 4, 100); /* refreshes */
}

/* A program that many recipes run is held once. */
static void test_programs_are_counted_once(void **state)
{
	(void)state;
	struct wish wish = {.recipes = 60, .queue = 10, .slots = 4, .connections = 16384};
	unsigned places = make(&wish, 1024).places;
	wish.other_programs = true;
	assert_true(make(&wish, 1024).places < places);
	wish.other_programs = false;
	wish.recipes = 1;
	assert_true(make(&wish, 1024).places >= places && places > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_follows_the_queues),
		cmocka_unit_test(test_shared_runs),
		cmocka_unit_test(test_programs_are_counted_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
