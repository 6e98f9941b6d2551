/* What the name index costs: bench_lists FILE… reads the files as lists of one configuration and prints one
 * JSON object: how long from text to index and how long from the cache file, bytes a name, and how long a look-up takes
 * for names of five labels that are on a list and for names that are not (hit_ns, miss_ns; without the loop around them, loop_ns), beside
 * what one line of memory takes in the same rounds. Of each the best round and the median. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/pages.h"
#include "bench/list_questions.h"
#include "lists/index.h"

#define ROUND_COUNT 9
static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long memory_kb(const char *field)
{
	char line[200];
	long kb = 0;
	FILE *file = fopen("/proc/self/status", "r");
	while (file && fgets(line, sizeof line, file))
		if (!strncmp(line, field, strlen(field)))
			kb = atol(line + strlen(field));
	if (file)
		fclose(file);
	return kb;
}

/* An area as large as the index in which each line says where the next one is. */
struct walk {
	struct walk_line {
		uint32_t next, unused[15];
	} * lines;
	size_t count;
};

static struct walk walk_new(size_t bytes)
{
	struct walk walk = {.count = bytes / sizeof(struct walk_line) + 2};
	uint32_t *order = calloc(walk.count, sizeof *order);
	uint64_t random = 11;
	walk.lines = pages_new(walk.count * sizeof *walk.lines);
	if (!walk.lines || !order)
		bench_die("no memory");
	for (size_t i = 0; i < walk.count; i++) {
		size_t other = bench_draw(&random) % (i + 1);
		order[i] = order[other];
		order[other] = (uint32_t)i;
	}
	for (size_t i = 0; i < walk.count; i++)
		walk.lines[order[i]].next = order[(i + 1) % walk.count];
	free(order);
	return walk;
}

/* Nanoseconds until memory gives one of them: what a look at a place that is in no cache costs on this machine, at this moment. */
static double walk_time(const struct walk *walk)
{
	uint32_t at = 0;
	double from = bench_cpu_s();
	for (size_t i = 0; i < QUESTION_COUNT; i++)
		at = *(volatile uint32_t *)&walk->lines[at].next;
	return (bench_cpu_s() - from) * 1e9 / QUESTION_COUNT;
}

static void walk_free(struct walk *walk)
{
	pages_free(walk->lines, walk->count * sizeof *walk->lines);
}

/* What is measured in each round, so that all of it meets the same moments of the machine. */
enum figure { HIT, MISS, HIT_CHAINED, MISS_CHAINED, LOOP, MEMORY, FIGURE_COUNT };

struct looking {
	double ns[FIGURE_COUNT][ROUND_COUNT];
	size_t hits, misses; /* that were held */
};

static void look_once(const struct lists *lists, struct regex_scratch *scratch,
                      const struct questions *on, const struct questions *off,
                      const struct walk *walk, struct looking *looking, size_t round)
{
	size_t ignored;
	double loop = questions_ask(NULL, NULL, on, QUESTIONS_IN_TURN, &ignored);
	const double ns[FIGURE_COUNT] = {
		[HIT] = questions_ask(lists, scratch, on, QUESTIONS_IN_TURN, &looking->hits) - loop,
		[MISS] = questions_ask(lists, scratch, off, QUESTIONS_IN_TURN, &looking->misses) - loop,
		[HIT_CHAINED] = questions_ask(lists, scratch, on, QUESTIONS_CHAINED, &ignored) - loop,
		[MISS_CHAINED] = questions_ask(lists, scratch, off, QUESTIONS_CHAINED, &ignored) - loop,
		[LOOP] = loop,
		[MEMORY] = walk_time(walk),
	};
	for (size_t figure = 0; figure < FIGURE_COUNT; figure++)
		looking->ns[figure][round] = ns[figure];
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

static void look(const struct lists *lists, const struct questions *on, const struct questions *off,
                 struct looking *looking)
{
	struct walk walk = walk_new(lists_bytes(lists));
	struct regex_scratch *scratch = lists_scratch_new(lists); /* NULL without expressions */
	for (size_t round = 0; round < ROUND_COUNT; round++)
		look_once(lists, scratch, on, off, &walk, looking, round);
	for (size_t figure = 0; figure < FIGURE_COUNT; figure++)
		qsort(looking->ns[figure], ROUND_COUNT, sizeof(double), by_size);
	lists_scratch_free(&scratch);
	walk_free(&walk);
}

/* Of an index that was kept: the same as of one that was built? */
static void print_kept(const struct looking *looking)
{
	printf("\"kept_hit_ns\": %.1f, \"kept_hit_median_ns\": %.1f, \"kept_miss_ns\": %.1f, "
	       "\"kept_miss_median_ns\": %.1f, ",
	       looking->ns[HIT][0], looking->ns[HIT][ROUND_COUNT / 2], looking->ns[MISS][0],
	       looking->ns[MISS][ROUND_COUNT / 2]);
}

static void print_looking(const struct looking *looking, const struct questions *on,
                          const struct questions *off)
{
	static const char *const names[FIGURE_COUNT] = {"hit",          "miss", "hit_chained",
	                                                "miss_chained", "loop", "memory"};
	for (size_t i = 0; i < FIGURE_COUNT; i++)
		printf("\"%s_ns\": %.1f, \"%s_median_ns\": %.1f, ", names[i], looking->ns[i][0], names[i],
		       looking->ns[i][ROUND_COUNT / 2]);
	printf("\"held\": %.4f, \"missed\": %.4f", (double)looking->hits / (double)on->count,
	       1 - (double)looking->misses / (double)off->count);
}

/* Seconds from a cache file that was just written, the best of some rounds. `*lists` are the last that came from it. */
static double time_cache(const struct config *config, double *write_s, struct lists **lists)
{
	char path[100];
	double best = 1e9;
	struct diag diag;
	snprintf(path, sizeof path, "/tmp/bench_lists.%ld.cache", (long)getpid());
	const struct lists_keep keep = {NULL, path, INT64_MAX};
	diag_init(&diag);
	for (int round = 0; round < ROUND_COUNT; round++) {
		lists_free(lists);
		double from = now_s();
		if (lists_load_kept(config, &keep, &diag, lists) != PF_OK)
			bench_die("the lists can not be loaded");
		double took_s = now_s() - from;
		if (lists_origin(*lists) == LISTS_READ)
			*write_s = took_s;
		else
			best = took_s < best ? took_s : best;
	}
	unlink(path);
	diag_deinit(&diag);
	return best;
}

int main(int argc, char **argv)
{
	struct lists *lists = NULL;
	struct diag diag;
	if (argc < 2 || argc > 1 + LIST_MAX)
		bench_die("usage: bench_lists FILE…");
	struct config *config = bench_config(argc - 1, argv + 1);
	diag_init(&diag);
	long before_kb = memory_kb("VmRSS:");
	double from = now_s(), from_cpu = bench_cpu_s();
	int error = lists_load(config, &diag, &lists);
	double load_s = now_s() - from, load_cpu_s = bench_cpu_s() - from_cpu;
	if (error != PF_OK)
		bench_die(diag.count ? diag.entries[0].text : "no memory");
	malloc_trim(0);
	long after_kb = memory_kb("VmRSS:"), peak_kb = memory_kb("VmHWM:");
	size_t names = 0, patterns = 0;
	for (size_t i = 0; i < lists_count(lists); i++) {
		names += lists_info(lists, i)->names;
		patterns += lists_info(lists, i)->patterns;
	}
	struct questions on = questions_read(argc - 1, argv + 1, QUESTION_COUNT, false);
	struct questions off = questions_read(argc - 1, argv + 1, QUESTION_COUNT, true);
	static struct looking looking, looking_kept;
	look(lists, &on, &off, &looking);
	struct lists *kept = NULL;
	double write_s = 0, cache_s = time_cache(config, &write_s, &kept);
	look(kept, &on, &off, &looking_kept);
	printf("{\"lists\": %d, \"names\": %zu, \"load_s\": %.3f, \"load_cpu_s\": %.3f, "
	       "\"load_and_write_s\": %.3f, \"cache_s\": %.4f, \"index_bytes\": %zu, "
	       "\"bytes_a_name\": %.2f, \"resident_kb\": %ld, \"peak_kb\": %ld, \"patterns\": %zu, ",
	       argc - 1, names, load_s, load_cpu_s, write_s, cache_s, lists_bytes(lists),
	       (double)lists_bytes(lists) / (double)names, after_kb - before_kb, peak_kb - before_kb,
	       patterns);
	print_kept(&looking_kept);
	print_looking(&looking, &on, &off);
	printf("}\n");
	lists_free(&kept);
	free(on.bytes);
	free(off.bytes);
	lists_free(&lists);
	diag_deinit(&diag);
	free(config->lists);
	free(config);
	return 0;
}
