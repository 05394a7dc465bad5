/* SPDX-License-Identifier: MIT */
/* Threads that wait are counted through the gate itself: who comes after a full queue is refused,
 * so a refusal proves that the one before stands in line. No sleeping. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdbool.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "src/admission.h"

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
		.slots = slots,
		.total_slots = 100,
		.queue = queue,
		.deadline_ms = clock_now_ms() + 20000,
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

/* Returns when so many stand in the recipe's line. */
static void await_waiting(
	struct admission *admission, const char *recipe, unsigned slots, unsigned waiting)
{
	struct admission_request probe = make_request(recipe, slots, waiting);
	probe.deadline_ms = 0;
	struct admission_pass pass;
	unsigned retry_after_s = 0;
	while (admission_enter(admission, &probe, &pass, &retry_after_s) != ADMISSION_E_FULL)
		sched_yield();
	assert_true(retry_after_s >= 1);
}

static void test_slots_queue_and_order(void **state)
{
	(void)state;
	struct admission *admission;
	assert_int_equal(admission_new(&admission), 0);
	struct entry first, second, third, refused;
	start(&first, admission, make_request("a", 1, 2));
	pthread_join(first.thread, NULL);
	assert_int_equal(first.result, 0);
	start(&second, admission, make_request("a", 1, 2));
	await_waiting(admission, "a", 1, 1);
	start(&third, admission, make_request("a", 1, 2));
	await_waiting(admission, "a", 1, 2);
	start(&refused, admission, make_request("a", 1, 2));
	pthread_join(refused.thread, NULL);
	assert_int_equal(refused.result, ADMISSION_E_FULL);

	admission_leave(admission, &first.pass);
	pthread_join(second.thread, NULL);
	assert_int_equal(second.result, 0);
	await_waiting(admission, "a", 1, 1); /* the third still waits */
	admission_leave(admission, &second.pass);
	pthread_join(third.thread, NULL);
	assert_int_equal(third.result, 0);
	admission_leave(admission, &third.pass);
	admission_leave(admission, &third.pass); /* an empty pass is fine */
	admission_free(admission);
}

static void test_total_and_live(void **state)
{
	(void)state;
	struct admission *admission;
	assert_int_equal(admission_new(&admission), 0);
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
	live.live = true;
	assert_int_equal(admission_enter(admission, &live, &live_pass, &retry_after_s), 0);
	admission_leave(admission, &live_pass);
	admission_leave(admission, &pass);
	assert_int_equal(admission_enter(admission, &other, &other_pass, &retry_after_s), 0);
	admission_leave(admission, &other_pass);
	admission_free(admission);
}

static void test_timeout_and_gone(void **state)
{
	(void)state;
	struct admission *admission;
	assert_int_equal(admission_new(&admission), 0);
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
	request.deadline_ms = clock_now_ms() + 20000;
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
	admission_free(admission);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots_queue_and_order),
		cmocka_unit_test(test_total_and_live),
		cmocka_unit_test(test_timeout_and_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
