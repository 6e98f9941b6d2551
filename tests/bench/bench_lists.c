/* What the name index costs: bench_lists FILE… reads the files as lists of one configuration and prints one
 * JSON object: how long from text to index and how long from the cache file, bytes a name, and how long a look-up takes
 * for names of five labels that are on a list and for names that are not (hit_ns, miss_ns; without the loop around them, loop_ns). */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/pages.h"
#include "bench/list_questions.h"
#include "lists/index.h"

#define ROUND_COUNT 5
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

/* The best of some rounds. */
static double time_questions(const struct lists *lists, const struct questions *questions,
                             size_t *held)
{
	double best = 1e9;
	struct regex_scratch *scratch =
		lists ? lists_scratch_new(lists) : NULL; /* NULL without expressions */
	for (int round = 0; round < ROUND_COUNT; round++) {
		double ns = questions_ask(lists, scratch, questions, held);
		best = ns < best ? ns : best;
	}
	lists_scratch_free(&scratch);
	return best;
}

/* Nanoseconds until memory gives a line of an area as large as the index, when each says where the next one is: what one look at a
 * place that is in no cache costs on this machine, at this moment. */
static double time_memory(size_t bytes)
{
	struct line {
		uint32_t next, unused[15];
	};
	size_t count = bytes / sizeof(struct line) + 2;
	struct line *lines = pages_new(count * sizeof *lines);
	uint32_t *order = calloc(count, sizeof *order), at = 0;
	uint64_t random = 11;
	double best = 1e9;
	if (!lines || !order)
		bench_die("no memory");
	for (size_t i = 0; i < count; i++) {
		size_t other = bench_draw(&random) % (i + 1);
		order[i] = order[other];
		order[other] = (uint32_t)i;
	}
	for (size_t i = 0; i < count; i++)
		lines[order[i]].next = order[(i + 1) % count];
	for (int round = 0; round < ROUND_COUNT; round++) {
		double from = bench_cpu_s();
		for (size_t i = 0; i < QUESTION_COUNT; i++)
			at = *(volatile uint32_t *)&lines[at].next;
		double ns = (bench_cpu_s() - from) * 1e9 / QUESTION_COUNT;
		best = ns < best ? ns : best;
	}
	free(order);
	pages_free(lines, count * sizeof *lines);
	return best;
}

/* Seconds from a cache file that was just written, the best of some rounds. */
static double time_cache(const struct config *config, double *write_s)
{
	char path[100];
	double best = 1e9;
	struct diag diag;
	snprintf(path, sizeof path, "/tmp/bench_lists.%ld.cache", (long)getpid());
	const struct lists_keep keep = {NULL, path, INT64_MAX};
	diag_init(&diag);
	for (int round = 0; round < ROUND_COUNT; round++) {
		struct lists *lists;
		double from = now_s();
		if (lists_load_kept(config, &keep, &diag, &lists) != PF_OK)
			bench_die("the lists can not be loaded");
		double took_s = now_s() - from;
		if (lists_origin(lists) == LISTS_READ)
			*write_s = took_s;
		else
			best = took_s < best ? took_s : best;
		lists_free(&lists);
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
	size_t names = 0, patterns = 0, hits, misses;
	for (size_t i = 0; i < lists_count(lists); i++) {
		names += lists_info(lists, i)->names;
		patterns += lists_info(lists, i)->patterns;
	}
	struct questions on = questions_read(argv[argc - 1], QUESTION_COUNT, false);
	struct questions off = questions_read(argv[argc - 1], QUESTION_COUNT, true);
	double hit_ns = time_questions(lists, &on, &hits),
		   miss_ns = time_questions(lists, &off, &misses);
	size_t ignored;
	double loop_ns = time_questions(NULL, &on, &ignored);
	double memory_ns = time_memory(lists_bytes(lists));
	double write_s = 0, cache_s = time_cache(config, &write_s);
	printf("{\"lists\": %d, \"names\": %zu, \"load_s\": %.3f, \"load_cpu_s\": %.3f, "
	       "\"load_and_write_s\": %.3f, \"cache_s\": %.4f, \"index_bytes\": %zu, "
	       "\"bytes_a_name\": %.2f, \"resident_kb\": %ld, \"peak_kb\": %ld, \"hit_ns\": %.1f, "
	       "\"miss_ns\": %.1f, \"loop_ns\": %.1f, \"memory_ns\": %.1f, \"patterns\": %zu, "
	       "\"held\": %.4f, \"missed\": %.4f}\n",
	       argc - 1, names, load_s, load_cpu_s, write_s, cache_s, lists_bytes(lists),
	       (double)lists_bytes(lists) / (double)names, after_kb - before_kb, peak_kb - before_kb,
	       hit_ns - loop_ns, miss_ns - loop_ns, loop_ns, memory_ns, patterns,
	       (double)hits / (double)on.count, 1 - (double)misses / (double)off.count);
	free(on.bytes);
	free(off.bytes);
	lists_free(&lists);
	diag_deinit(&diag);
	free(config->lists);
	free(config);
	return 0;
}
