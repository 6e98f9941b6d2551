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
#include "lists/index.h"
#include "lists/lists.h"

#define QUESTION_COUNT \
	200000 /* so many that the index's cache lines are not those of the last round */
#define ROUND_COUNT 5
#define LINE_BYTES_MAX 512

/* The names without the room behind them: reading a quarter of a kilobyte for each would be measured too. */
struct questions {
	size_t count, length;
	uint8_t *bytes; /* struct dns_name after struct dns_name, each as long as its name is */
};
#define QUESTION_BYTES(name) (offsetof(struct dns_name, wire) + (name)->length)

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
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

static void die(const char *what)
{
	fprintf(stderr, "bench_lists: %s\n", what);
	exit(1);
}

/* Labels before the name until it has five. */
static void lengthen(char text[LINE_BYTES_MAX], uint64_t *random)
{
	char longer[LINE_BYTES_MAX * 2];
	size_t dots = 0;
	for (const char *at = text; *at; at++)
		dots += *at == '.';
	for (; dots < 4; dots++) {
		snprintf(longer, sizeof longer, "x%03u.%s", (unsigned)(draw(random) % 1000), text);
		snprintf(text, LINE_BYTES_MAX, "%.500s", longer);
	}
}

/* A name like those of lists, that is none of theirs: its registered label has a letter more. */
static void spoil(char text[LINE_BYTES_MAX])
{
	char *end = strrchr(text, '.');
	size_t length = strlen(text);
	if (!end || length + 2 > LINE_BYTES_MAX)
		return;
	memmove(end + 1, end, strlen(end) + 1);
	*end = '_';
}

static void shuffle(struct dns_name *names, size_t count, uint64_t *random)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = draw(random) % i;
		struct dns_name held = names[i - 1];
		names[i - 1] = names[other];
		names[other] = held;
	}
}

static struct questions pack(const struct dns_name *names, size_t count)
{
	struct questions questions = {count, 0, calloc(count + 1, sizeof *names)};
	if (!questions.bytes)
		die("no memory");
	for (size_t i = 0; i < count; i++) {
		memcpy(questions.bytes + questions.length, &names[i], QUESTION_BYTES(&names[i]));
		questions.length += QUESTION_BYTES(&names[i]);
	}
	return questions;
}

/* Lines of a file, spread over all of it, in an order that it did not have; `spoiled` makes names that miss. */
static struct questions read_questions(const char *path, bool spoiled)
{
	struct dns_name *names = calloc(QUESTION_COUNT, sizeof *names);
	uint64_t random = 7;
	size_t lines = 0, count = 0;
	char text[LINE_BYTES_MAX];
	FILE *file = fopen(path, "r");
	if (!file || !names)
		die("the last list can not be read again");
	while (fgets(text, sizeof text, file))
		lines++;
	rewind(file);
	size_t step = lines / QUESTION_COUNT + 1;
	for (size_t i = 0; fgets(text, sizeof text, file) && count < QUESTION_COUNT; i++) {
		text[strcspn(text, " \r\n")] = '\0';
		if (i % step || !*text || strpbrk(text, "#*|@!/") || *text == '.')
			continue;
		lengthen(text, &random);
		if (spoiled)
			spoil(text);
		count += dns_name_from_text(text, &names[count]) == PF_OK;
	}
	fclose(file);
	shuffle(names, count, &random);
	struct questions questions = pack(names, count);
	free(names);
	return questions;
}

/* Nanoseconds of this processor a look-up, the best of some rounds; how many names were held goes to `held`. Without lists: of the
 * loop around the look-ups, which copies each name as a packet would bring it. */
static double time_questions(const struct lists *lists, const struct questions *questions,
                             size_t *held)
{
	double best = 1e9;
	struct regex_scratch *scratch =
		lists ? lists_scratch_new(lists) : NULL; /* NULL without expressions */
	for (int round = 0; round < ROUND_COUNT; round++) {
		struct list_set set;
		*held = 0;
		double from = cpu_s();
		for (size_t at = 0; at < questions->length;) {
			struct dns_name name;
			size_t length = offsetof(struct dns_name, wire) + questions->bytes[at];
			memcpy(&name, questions->bytes + at, length);
			at += length;
			struct list_asked asked = {.name = &name};
			if (lists)
				lists_match(lists, scratch, &asked, &set);
			else
				memcpy(&set, name.wire, sizeof set);
			*held += (set.words[0] | set.words[1] | set.words[2] | set.words[3]) != 0;
		}
		double ns = (cpu_s() - from) * 1e9 / (double)(questions->count ? questions->count : 1);
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
		die("no memory");
	for (size_t i = 0; i < count; i++) {
		size_t other = draw(&random) % (i + 1);
		order[i] = order[other];
		order[other] = (uint32_t)i;
	}
	for (size_t i = 0; i < count; i++)
		lines[order[i]].next = order[(i + 1) % count];
	for (int round = 0; round < ROUND_COUNT; round++) {
		double from = cpu_s();
		for (size_t i = 0; i < QUESTION_COUNT; i++)
			at = *(volatile uint32_t *)&lines[at].next;
		double ns = (cpu_s() - from) * 1e9 / QUESTION_COUNT;
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
			die("the lists can not be loaded");
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

static struct config *make_config(int count, char **files)
{
	struct config *config = calloc(1, sizeof *config);
	static char name[] = "portafilter.yaml";
	if (!config || !(config->lists = calloc((size_t)count, sizeof *config->lists)))
		die("no memory");
	config->file = name;
	config->list_count = (size_t)count;
	for (int i = 0; i < count; i++) {
		config->lists[i].name = files[i];
		config->lists[i].file = files[i];
	}
	return config;
}

int main(int argc, char **argv)
{
	struct lists *lists = NULL;
	struct diag diag;
	if (argc < 2 || argc > 1 + LIST_MAX)
		die("usage: bench_lists FILE…");
	struct config *config = make_config(argc - 1, argv + 1);
	diag_init(&diag);
	long before_kb = memory_kb("VmRSS:");
	double from = now_s(), from_cpu = cpu_s();
	int error = lists_load(config, &diag, &lists);
	double load_s = now_s() - from, load_cpu_s = cpu_s() - from_cpu;
	if (error != PF_OK)
		die(diag.count ? diag.entries[0].text : "no memory");
	malloc_trim(0);
	long after_kb = memory_kb("VmRSS:"), peak_kb = memory_kb("VmHWM:");
	size_t names = 0, patterns = 0, hits, misses;
	for (size_t i = 0; i < lists_count(lists); i++) {
		names += lists_info(lists, i)->names;
		patterns += lists_info(lists, i)->patterns;
	}
	struct questions on = read_questions(argv[argc - 1], false);
	struct questions off = read_questions(argv[argc - 1], true);
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
