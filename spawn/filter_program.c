/* SPDX-License-Identifier: MIT */
/*
 * Installing a filter costs time by its length, and running it by the way through it. So equal
 * answers stand there once, and a number is found by halving ranges of numbers that have the same
 * answer. libseccomp compares each number by itself.
 */
#include "spawn/filter_program.h"

#include <linux/seccomp.h>

enum { REACH = 250 /* of a jump with 8 bits, with room for one that is put between */ };

enum { SPRINKLED_MAX = 9 /* ranges, four numbers */ };

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
enum { LOW_HALF = 4, HIGH_HALF = 0 };
#else
enum { LOW_HALF = 0, HIGH_HALF = 4 };
#endif

void filter_program_init(struct filter_program *program)
{
	program->begin = FILTER_LENGTH_MAX;
	program->overflow = false;
	program->step_count = 0;
}

static size_t put(struct filter_program *program, struct sock_filter instruction)
{
	if (program->begin == 0) {
		program->overflow = true;
		return 0;
	}
	program->code[--program->begin] = instruction;
	return program->begin;
}

size_t filter_put(struct filter_program *program, uint16_t code, uint32_t value)
{
	return put(program, (struct sock_filter){code, 0, 0, value});
}

size_t filter_put_return(struct filter_program *program, uint32_t action)
{
	return filter_put(program, BPF_RET | BPF_K, action);
}

/* A place from which a jump gets there, and that is near enough itself. */
static size_t bring_near(struct filter_program *program, size_t place)
{
	if (place - program->begin <= REACH)
		return place;
	size_t i = 0;
	while (i < program->step_count && program->steps[i].target != place)
		i++;
	if (i < program->step_count && program->steps[i].place - program->begin <= REACH)
		return program->steps[i].place;
	size_t step = filter_put(program, BPF_JMP | BPF_JA, (uint32_t)(place - program->begin));
	if (i < sizeof program->steps / sizeof *program->steps) {
		program->steps[i].target = place;
		program->steps[i].place = step;
		program->step_count += i == program->step_count;
	}
	return step;
}

size_t filter_put_branch(
	struct filter_program *program, uint16_t how, uint32_t value, size_t yes, size_t no)
{
	yes = bring_near(program, yes);
	no = bring_near(program, no);
	return put(program, (struct sock_filter){
				    (uint16_t)(BPF_JMP | how | BPF_K),
				    (unsigned char)(yes - program->begin),
				    (unsigned char)(no - program->begin),
				    value,
			    });
}

size_t filter_put_any(
	struct filter_program *program, const uint32_t *values, size_t count, size_t yes, size_t no)
{
	for (size_t i = count; i-- > 0;)
		no = filter_put_branch(program, BPF_JEQ, values[i], yes, no);
	return no;
}

static size_t load(struct filter_program *program, size_t offset)
{
	return filter_put(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

size_t filter_put_load_number(struct filter_program *program)
{
	return load(program, offsetof(struct seccomp_data, nr));
}

size_t filter_put_load_architecture(struct filter_program *program)
{
	return load(program, offsetof(struct seccomp_data, arch));
}

size_t filter_put_load(struct filter_program *program, unsigned argument, bool high)
{
	return load(program, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t) +
				     (high ? HIGH_HALF : LOW_HALF));
}

/* Single numbers, few of them, in what is otherwise one range. `end` is the start of what follows.
 */
static bool is_sprinkled(const struct filter_range *ranges, size_t count, uint32_t end)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t next = i + 1 < count ? ranges[i + 1].start : end;
		if (i % 2 == 0 ? ranges[i].place != ranges[0].place : next - ranges[i].start != 1)
			return false;
	}
	return count <= SPRINKLED_MAX;
}

static size_t search(struct filter_program *program, const struct filter_range *ranges,
	size_t count, uint32_t end)
{
	if (is_sprinkled(ranges, count, end)) {
		size_t place = ranges[0].place;
		for (size_t i = count / 2; i-- > 0;)
			place = filter_put_branch(program, BPF_JEQ, ranges[2 * i + 1].start,
				ranges[2 * i + 1].place, place);
		return place;
	}
	size_t half = count / 2;
	if (half + 1 < count && ranges[half].place != ranges[0].place &&
		ranges[half + 1].place == ranges[0].place)
		half++;
	size_t high = search(program, ranges + half, count - half, end);
	size_t low = search(program, ranges, half, ranges[half].start);
	return filter_put_branch(program, BPF_JGE, ranges[half].start, high, low);
}

size_t filter_put_search(
	struct filter_program *program, const struct filter_range *ranges, size_t count)
{
	return search(program, ranges, count, UINT32_MAX);
}
