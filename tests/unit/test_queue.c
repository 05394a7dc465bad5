/* SPDX-License-Identifier: MIT */
/* Threads wait in line; the view that the status page has tells when they stand there. No sleeping.
 */
#include "tests/unit/unit_wait.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/admission/queue.h"

static bool says_no(void *data)
{
	(void)data;
	return false;
}

struct entry {
	struct admission *admission;
	struct admission_request request;
	struct admission_pass pass;
	unsigned retry_after_s;
	int result;
	pthread_t thread;
};

static struct admission_request make_request(const char *recipe, unsigned slots, unsigned queue)
{
	return (struct admission_request){
		.recipe = recipe,
		.cost = {.weight = 1},
		.slots = slots,
		.total_slots = 100,
		.queue = queue,
		.deadline_ms = clock_now_ms() + UNIT_PATIENCE_MS,
		.watch_fd = -1,
	};
}

static void *enter(void *data)
{
	struct entry *entry = data;
	entry->result = admission_enter(
		entry->admission, &entry->request, &entry->pass, &entry->retry_after_s);
	return NULL;
}

static void start(
	struct entry *entry, struct admission *admission, struct admission_request request)
{
	*entry = (struct entry){.admission = admission, .request = request};
	assert_int_equal(pthread_create(&entry->thread, NULL, enter, entry), 0);
}

/* Returns when so many stand in the recipe's line, or when those have given up. Only looks: who
 * asks for a place to find out takes it from another for a moment. */
static void await_line(
	struct admission *admission, const struct admission_request *request, unsigned waiting)
{
	UNIT_AWAIT(admission_look(admission, request->recipe).waiting == waiting ||
		   clock_now_ms() >= request->deadline_ms);
}

static int setup(void **state)
{
	return admission_new((struct admission **)state);
}

static int teardown(void **state)
{
	admission_free(*state);
	return 0;
}

static void test_slots_queue_and_order(void **state)
{
	struct admission *admission = *state;
	struct admission_request request = make_request("a", 1, 2);
	struct entry first, second, third, refused;
	start(&first, admission, request);
	pthread_join(first.thread, NULL);
	assert_int_equal(first.result, 0);
	start(&second, admission, request);
	await_line(admission, &request, 1);
	start(&third, admission, request);
	await_line(admission, &request, 2);
	start(&refused, admission, request);
	pthread_join(refused.thread, NULL);
	assert_int_equal(refused.result, ADMISSION_E_FULL);
	assert_true(refused.retry_after_s >= 1);

	admission_leave(admission, &first.pass);
	pthread_join(second.thread, NULL);
	assert_int_equal(second.result, 0);
	assert_int_equal(admission_look(admission, "a").waiting, 1); /* the third */
	admission_leave(admission, &second.pass);
	pthread_join(third.thread, NULL);
	assert_int_equal(third.result, 0);
	admission_leave(admission, &third.pass);
	admission_leave(admission, &third.pass); /* an empty pass is fine */
}

static void test_total_and_live(void **state)
{
	struct admission *admission = *state;
	struct admission_pass pass, live_pass, other_pass;
	unsigned retry_after_s;
	struct admission_request request = make_request("a", 5, 0);
	request.total_slots = 1;
	assert_int_equal(admission_enter(admission, &request, &pass, &retry_after_s), 0);
	struct admission_request other = make_request("b", 5, 0);
	other.total_slots = 1;
	assert_int_equal(
		admission_enter(admission, &other, &other_pass, &retry_after_s), ADMISSION_E_FULL);
	struct admission_request live = make_request("c", 1, 0);
	live.total_slots = 1;
	live.cost = (struct admission_cost){.live = true};
	assert_int_equal(admission_enter(admission, &live, &live_pass, &retry_after_s), 0);
	admission_leave(admission, &live_pass);
	admission_leave(admission, &pass);
	assert_int_equal(admission_enter(admission, &other, &other_pass, &retry_after_s), 0);
	admission_leave(admission, &other_pass);
}

/* Descriptors are counted like memory: over all recipes, with some out of reach for live ones. */
static void test_files(void **state)
{
	struct admission *admission = *state;
	admission_set_files(admission, 30, 12);
	struct admission_pass first, second, third;
	unsigned retry_after_s;
	struct admission_request live = make_request("live", 5, 0);
	live.cost = (struct admission_cost){.live = true, .files = 12};
	struct admission_request whole = make_request("whole", 5, 0);
	whole.cost.files = 12;
	assert_int_equal(admission_enter(admission, &live, &first, &retry_after_s), 0);
	assert_int_equal(
		admission_enter(admission, &live, &second, &retry_after_s), ADMISSION_E_FULL);
	assert_int_equal(admission_enter(admission, &whole, &second, &retry_after_s), 0);
	assert_int_equal(
		admission_enter(admission, &whole, &third, &retry_after_s), ADMISSION_E_FULL);
	admission_leave(admission, &second);
	/* With more of them who waits comes in. */
	whole.queue = 1;
	struct entry waiting;
	admission_set_files(admission, 12, 12);
	start(&waiting, admission, whole);
	await_line(admission, &whole, 1);
	admission_set_files(admission, 24, 12);
	pthread_join(waiting.thread, NULL);
	assert_int_equal(waiting.result, 0);
	admission_leave(admission, &waiting.pass);
	admission_leave(admission, &first);
	/* One that needs more than there are runs alone. */
	whole.cost.files = 100;
	assert_int_equal(admission_enter(admission, &whole, &first, &retry_after_s), 0);
	admission_leave(admission, &first);
}

static void test_timeout_and_gone(void **state)
{
	struct admission *admission = *state;
	struct admission_pass pass, none;
	unsigned retry_after_s = 0;
	struct admission_request request = make_request("a", 1, 4);
	assert_int_equal(admission_enter(admission, &request, &pass, &retry_after_s), 0);
	request.deadline_ms = clock_now_ms() + 10;
	assert_int_equal(
		admission_enter(admission, &request, &none, &retry_after_s), ADMISSION_E_TIMEOUT);
	assert_true(retry_after_s >= 1);

	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	request.deadline_ms = clock_now_ms() + UNIT_PATIENCE_MS;
	request.watch_fd = pair[0];
	request.alive = says_no;
	assert_int_equal(
		admission_enter(admission, &request, &none, &retry_after_s), ADMISSION_E_GONE);
	close(pair[0]);

	/* Neither of them left anything in the line. */
	admission_leave(admission, &pass);
	request.queue = 0;
	assert_int_equal(admission_enter(admission, &request, &pass, &retry_after_s), 0);
	admission_leave(admission, &pass);
}

/* A heavy one in line is not overtaken by light ones for ever, and is let in when there is room for
 * all of it; one that is heavier than the daemon runs alone. */
static void test_weight(void **state)
{
	struct admission *admission = *state;
	struct admission_request light = make_request("light", 9, 9);
	struct admission_request heavy = make_request("heavy", 9, 9);
	light.total_slots = heavy.total_slots = 2;
	heavy.cost.weight = 5;
	struct admission_pass one, two;
	unsigned retry_after_s;
	assert_int_equal(admission_enter(admission, &light, &one, &retry_after_s), 0);
	struct entry in_line, behind;
	start(&in_line, admission, heavy);
	await_line(admission, &heavy, 1);
	start(&behind, admission, light);
	await_line(admission, &light, 1); /* though there is a slot */
	admission_leave(admission, &one);
	pthread_join(in_line.thread, NULL);
	assert_int_equal(in_line.result, 0);
	await_line(admission, &light, 1);
	admission_leave(admission, &in_line.pass);
	pthread_join(behind.thread, NULL);
	assert_int_equal(behind.result, 0);
	assert_int_equal(admission_enter(admission, &light, &two, &retry_after_s), 0);
	admission_leave(admission, &behind.pass);
	admission_leave(admission, &two);
}

static void test_one_that_gives_up_holds_none(void **state)
{
	struct admission *admission = *state;
	struct admission_request light = make_request("light", 9, 9);
	struct admission_request heavy = make_request("heavy", 9, 9);
	light.total_slots = heavy.total_slots = 2;
	heavy.cost.weight = 2;
	struct admission_pass one, two;
	unsigned retry_after_s;
	assert_int_equal(admission_enter(admission, &light, &one, &retry_after_s), 0);
	heavy.deadline_ms = clock_now_ms() + 50;
	struct entry in_line, behind;
	start(&in_line, admission, heavy);
	await_line(admission, &heavy, 1);
	start(&behind, admission, light);
	pthread_join(in_line.thread, NULL);
	assert_int_equal(in_line.result, ADMISSION_E_TIMEOUT);
	pthread_join(behind.thread, NULL);
	assert_int_equal(behind.result, 0);
	admission_leave(admission, &behind.pass);
	assert_int_equal(admission_enter(admission, &light, &two, &retry_after_s), 0);
	admission_leave(admission, &one);
	admission_leave(admission, &two);
}

/* Live ones leave what one of the others needs. */
static void test_memory(void **state)
{
	struct admission *admission = *state;
	struct admission_request live = make_request("live", 9, 0),
				 whole = make_request("whole", 9, 0);
	live.cost = (struct admission_cost){.live = true, .memory_bytes = 30};
	whole.cost.memory_bytes = 40;
	live.total_memory_bytes = whole.total_memory_bytes = 100;
	live.kept_memory_bytes = whole.kept_memory_bytes = 40;
	struct admission_pass viewers[2], thumbnail, none;
	unsigned retry_after_s;
	assert_int_equal(admission_enter(admission, &live, &viewers[0], &retry_after_s), 0);
	assert_int_equal(admission_enter(admission, &live, &viewers[1], &retry_after_s), 0);
	assert_int_equal(
		admission_enter(admission, &live, &none, &retry_after_s), ADMISSION_E_FULL);
	assert_int_equal(admission_enter(admission, &whole, &thumbnail, &retry_after_s), 0);
	assert_int_equal(
		admission_enter(admission, &whole, &none, &retry_after_s), ADMISSION_E_FULL);
	admission_leave(admission, &viewers[0]);
	admission_leave(admission, &viewers[1]);
	assert_int_equal(admission_enter(admission, &whole, &viewers[0], &retry_after_s), 0);
	admission_leave(admission, &viewers[0]);
	admission_leave(admission, &thumbnail);
}

static void test_places(void **state)
{
	struct admission *admission = *state;
	assert_true(admission_take_place(admission));
	admission_set_places(admission, 2);
	assert_true(admission_take_place(admission));
	assert_false(admission_take_place(admission));
	admission_give_place(admission);
	assert_true(admission_take_place(admission));
	admission_set_places(admission, 1); /* after a reload: a place that is taken stays */
	admission_give_place(admission);
	assert_false(admission_take_place(admission));
	admission_give_place(admission);
	assert_true(admission_take_place(admission));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_slots_queue_and_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_total_and_live, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout_and_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_weight, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_that_gives_up_holds_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
