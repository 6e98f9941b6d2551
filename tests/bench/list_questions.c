/* The questions of list_questions.h. */
#include "bench/list_questions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_BYTES_MAX 512
#define QUESTION_BYTES(name) (offsetof(struct dns_name, wire) + (name)->length)

void bench_die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

double bench_cpu_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

uint64_t bench_draw(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* Labels before the name until it has five. */
static void lengthen(char text[LINE_BYTES_MAX], uint64_t *random)
{
	char longer[LINE_BYTES_MAX * 2];
	size_t dots = 0;
	for (const char *at = text; *at; at++)
		dots += *at == '.';
	for (; dots < 4; dots++) {
		snprintf(longer, sizeof longer, "x%03u.%s", (unsigned)(bench_draw(random) % 1000), text);
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
		size_t other = bench_draw(random) % i;
		struct dns_name held = names[i - 1];
		names[i - 1] = names[other];
		names[other] = held;
	}
}

static struct questions pack(const struct dns_name *names, size_t count)
{
	struct questions questions = {count, 0, calloc(count + 1, sizeof *names)};
	if (!questions.bytes)
		bench_die("no memory");
	for (size_t i = 0; i < count; i++) {
		memcpy(questions.bytes + questions.length, &names[i], QUESTION_BYTES(&names[i]));
		questions.length += QUESTION_BYTES(&names[i]);
	}
	return questions;
}

static size_t count_lines(int count, char *const *files)
{
	size_t lines = 0;
	char text[LINE_BYTES_MAX];
	for (int i = 0; i < count; i++) {
		FILE *file = fopen(files[i], "r");
		if (!file)
			bench_die("a list can not be read again");
		while (fgets(text, sizeof text, file))
			lines++;
		fclose(file);
	}
	return lines;
}

/* The names as they are drawn: each `step`th line of all files. */
struct drawing {
	struct dns_name *names;
	size_t count, most, line, step;
	uint64_t random;
	bool spoiled;
};

static void draw_from(struct drawing *drawing, const char *path)
{
	char text[LINE_BYTES_MAX];
	FILE *file = fopen(path, "r");
	if (!file)
		bench_die("a list can not be read again");
	while (fgets(text, sizeof text, file) && drawing->count < drawing->most) {
		text[strcspn(text, " \r\n")] = '\0';
		if (drawing->line++ % drawing->step || !*text || strpbrk(text, "#*|@!/") || *text == '.')
			continue;
		lengthen(text, &drawing->random);
		if (drawing->spoiled)
			spoil(text);
		drawing->count += dns_name_from_text(text, &drawing->names[drawing->count]) == PF_OK;
	}
	fclose(file);
}

struct questions questions_read(int count, char *const *files, size_t most, bool spoiled)
{
	struct drawing drawing = {.names = calloc(most, sizeof *drawing.names),
	                          .most = most,
	                          .step = count_lines(count, files) / most + 1,
	                          .random = 7,
	                          .spoiled = spoiled};
	if (!drawing.names)
		bench_die("no memory");
	for (int i = 0; i < count; i++)
		draw_from(&drawing, files[i]);
	shuffle(drawing.names, drawing.count, &drawing.random);
	struct questions questions = pack(drawing.names, drawing.count);
	free(drawing.names);
	return questions;
}

#define BATCH_COUNT 32

/* The names from *at on, which moves behind them; returns their number. */
static size_t take_batch(const struct questions *questions, size_t *at,
                         struct dns_name names[BATCH_COUNT])
{
	size_t count = 0;
	for (; count < BATCH_COUNT && *at < questions->length; count++) {
		size_t length = offsetof(struct dns_name, wire) + questions->bytes[*at];
		memcpy(&names[count], questions->bytes + *at, length);
		*at += length;
	}
	return count;
}

double questions_ask(const struct lists *lists, struct regex_scratch *scratch,
                     const struct questions *questions, enum question_order order, size_t *held)
{
	struct dns_name names[BATCH_COUNT];
	struct list_set set;
	*held = 0;
	double from = bench_cpu_s();
	for (size_t at = 0; at < questions->length;) {
		size_t count = take_batch(questions, &at, names);
		for (size_t i = 0; i < count; i++) {
			struct list_asked asked = {.name = &names[i]};
			if (lists)
				lists_match(lists, scratch, &asked, &set);
			else
				memcpy(&set, names[i].wire, sizeof set);
			*held += list_set_any(&set);
			/* never so, but nobody knows before the set is there */
			if (order == QUESTIONS_CHAINED)
				i += (set.words[0] & set.words[1]) == UINT64_MAX;
		}
	}
	return (bench_cpu_s() - from) * 1e9 / (double)(questions->count ? questions->count : 1);
}

struct config *bench_config(int count, char **files)
{
	struct config *config = calloc(1, sizeof *config);
	static char name[] = "portafilter.yaml";
	if (!config || !(config->lists = calloc((size_t)count, sizeof *config->lists)))
		bench_die("no memory");
	config->file = name;
	config->list_count = (size_t)count;
	for (int i = 0; i < count; i++) {
		config->lists[i].name = files[i];
		config->lists[i].file = files[i];
	}
	return config;
}
