/* Does a look-up cost more with many lists than with one? compare_lists ROUNDS QUESTIONS FILE FEW… -- MANY… reads both sets of files,
 * which hold the same names, into two indexes and asks both the same names in turn (few, many, many, few), so that whatever else the
 * machine does meets both. The names are some of FILE. One JSON array of a round's figures in nanoseconds a look-up, without the
 * loop around them, for each of the rounds. Under callgrind the two functions say what each costs in instructions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/list_questions.h"

struct side {
	struct config *config;
	struct lists *lists;
	struct regex_scratch *scratch;
};

static void load(struct side *side, int count, char **files)
{
	struct diag diag;
	diag_init(&diag);
	side->config = bench_config(count, files);
	if (lists_load(side->config, &diag, &side->lists) != PF_OK)
		bench_die(diag.count ? diag.entries[0].text : "no memory");
	side->scratch = lists_scratch_new(side->lists);
	diag_deinit(&diag);
}

/* Functions of their own, for callgrind to tell apart. */
__attribute__((noinline)) static double ask_few(const struct side *side,
                                                const struct questions *questions, size_t *held)
{
	double ns = questions_ask(side->lists, side->scratch, questions, QUESTIONS_IN_TURN, held);
	__asm__ volatile("# few" ::: "memory"); /* no tail call, and not the same code as the other */
	return ns;
}

__attribute__((noinline)) static double ask_many(const struct side *side,
                                                 const struct questions *questions, size_t *held)
{
	double ns = questions_ask(side->lists, side->scratch, questions, QUESTIONS_IN_TURN, held);
	__asm__ volatile("# many" ::: "memory");
	return ns;
}

/* Few and many, both sides twice. */
static void compare(const struct side *few, const struct side *many,
                    const struct questions *questions, double ns[2])
{
	size_t of_few, of_many, ignored;
	double loop = questions_ask(NULL, NULL, questions, QUESTIONS_IN_TURN, &ignored);
	ns[0] = ask_few(few, questions, &of_few);
	ns[1] = ask_many(many, questions, &of_many);
	if (of_few != of_many)
		bench_die("the lists do not hold the same names");
	ns[1] = (ns[1] + ask_many(many, questions, &of_many)) / 2 - loop;
	ns[0] = (ns[0] + ask_few(few, questions, &of_few)) / 2 - loop;
}

static void side_free(struct side *side)
{
	lists_scratch_free(&side->scratch);
	lists_free(&side->lists);
	free(side->config->lists);
	free(side->config);
}

int main(int argc, char **argv)
{
	struct side few, many;
	int border = 4;
	while (border < argc && strcmp(argv[border], "--") != 0)
		border++;
	int few_count = border - 4, many_count = argc - border - 1;
	size_t most = argc > 2 ? (size_t)atol(argv[2]) : 0;
	if (few_count < 1 || many_count < 1 || few_count > LIST_MAX || many_count > LIST_MAX || !most)
		bench_die("usage: compare_lists ROUNDS QUESTIONS FILE FEW… -- MANY…");
	load(&few, few_count, argv + 4);
	load(&many, many_count, argv + border + 1);
	struct questions on = questions_read(1, argv + 3, most, false);
	struct questions off = questions_read(1, argv + 3, most, true);
	printf("[");
	for (int round = 0, rounds = atoi(argv[1]); round < rounds; round++) {
		double hit[2], miss[2];
		compare(&few, &many, &on, hit);
		compare(&few, &many, &off, miss);
		printf("%s{\"hit\": [%.2f, %.2f], \"miss\": [%.2f, %.2f]}", round ? ", " : "", hit[0],
		       hit[1], miss[0], miss[1]);
	}
	printf("]\n");
	free(on.bytes);
	free(off.bytes);
	side_free(&few);
	side_free(&many);
	return 0;
}
