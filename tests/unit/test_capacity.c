/* SPDX-License-Identifier: MIT */
/* The descriptors that all seats and conversions take together with the connections must be there:
 * counted here as a stranger would, from what each holds. */
#include "tests/unit/unit.h"

#include "src/capacity.h"

enum { EACH_SEAT = 2, EACH_CONVERSION = 10 };

static struct capacity make(unsigned recipes, unsigned queue, unsigned slots, unsigned live_slots,
	unsigned connections, unsigned long files)
{
	const char *run[] = {"true"};
	char error[256];
	struct template *template = template_new(run, 1, NULL, 0, error, sizeof error);
	struct recipe whole = {.queue = queue, .slots = slots, .template = template};
	struct recipe live = {.response = RECIPE_LIVE, .slots = live_slots, .template = template};
	struct recipe *list[100] = {&live};
	for (unsigned i = 0; i < recipes; i++)
		list[i + 1] = &whole;
	struct config config = {.recipe_count = recipes + 1,
		.recipes = list,
		.slots = slots,
		.connections = connections};
	struct capacity capacity = capacity_of(&config, files);
	template_free(template);
	return capacity;
}

static void test_fits(void **state)
{
	(void)state;
	for (unsigned long files = 512; files <= 65536; files *= 2)
		for (unsigned queue = 0; queue <= 60000; queue = queue * 3 + 7) {
			struct capacity capacity = make(6, queue, 4, 8, 16384, files);
			unsigned long used = capacity.connections + EACH_SEAT * capacity.seats +
					     EACH_CONVERSION * 12;
			assert_true(used < files);
			assert_true(
				capacity.connections >= files / 8 || capacity.connections == 16384);
			assert_true(capacity.seats >= 16);
			assert_true(capacity.threads >= capacity.seats + 16);
		}
}

static void test_follows_the_queues(void **state)
{
	(void)state;
	struct capacity small = make(1, 10, 2, 0, 100, 65536);
	struct capacity large = make(1, 1000, 2, 0, 100, 65536);
	assert_true(small.seats >= 12);
	assert_int_equal(large.seats - small.seats, 990);
	assert_int_equal(small.connections, 100);
	assert_int_equal(make(1, 10, 2, 0, 4, 65536).connections, 4);
	assert_true(make(1, 10, 2, 0, 100, 64).connections >= 16);
	assert_true(make(99, 65535, 2, 0, 100, 1048576).seats <= 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_follows_the_queues),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
