/* Which cache lines more than one thread has touched, and somebody written, out of what valgrind's lackey tells of each access.
 *
 *     shared_lines <FIFO     (valgrind --tool=lackey --trace-mem=yes --trace-sched=yes --log-file=FIFO PROGRAM)
 *
 * SIGUSR1: begin to count; SIGUSR2: show, and end. Shown are first the accesses of each thread, "thread N READS WRITES", and then
 * "line ADDRESS WRITER", and for each thread that touched it " N:READS/WRITES"; WRITER is the address of the last instruction that wrote it. */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 32
#define LINE_SHIFT 6
#define PLACES (1u << 20) /* of lines: two thirds of them are never full here, or it says so */
#define CHUNK_BYTES (1 << 20)

struct touched {
	uint64_t line; /* its number; 0: nobody's place */
	uint64_t writer;
	uint32_t reads[THREADS_MAX], writes[THREADS_MAX];
};

static struct touched *places;
static size_t used;
static uint64_t reads[THREADS_MAX], writes[THREADS_MAX];
static volatile sig_atomic_t wants_begin, wants_end;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		wants_begin = 1;
	else
		wants_end = 1;
}

static struct touched *place_of(uint64_t line)
{
	uint64_t at = line * UINT64_C(0x9e3779b97f4a7c15) >> 40;
	while (places[at % PLACES].line && places[at % PLACES].line != line)
		at++;
	struct touched *place = &places[at % PLACES];
	if (!place->line && ++used > PLACES / 3 * 2) {
		fprintf(stderr, "shared_lines: more cache lines than are kept\n");
		exit(EXIT_FAILURE);
	}
	place->line = line;
	return place;
}

static void count(unsigned thread, char kind, const char *text, uint64_t instruction)
{
	char *end;
	uint64_t address = strtoull(text, &end, 16),
			 size = *end == ',' ? strtoull(end + 1, NULL, 10) : 1;
	uint64_t last = (address + (size ? size : 1) - 1) >> LINE_SHIFT;
	for (uint64_t line = address >> LINE_SHIFT; line <= last; line++) {
		struct touched *place = place_of(line);
		if (kind == 'L') {
			place->reads[thread]++;
			reads[thread]++;
		} else {
			place->writes[thread]++;
			place->writer = instruction;
			writes[thread]++;
		}
	}
}

static bool is_shared(const struct touched *place)
{
	unsigned threads = 0;
	bool written = false;
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		threads += place->reads[i] || place->writes[i];
		written |= place->writes[i] != 0;
	}
	return written && threads > 1;
}

static void show(void)
{
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (reads[i] || writes[i])
			printf("thread %u %llu %llu\n", i, (unsigned long long)reads[i],
			       (unsigned long long)writes[i]);
	for (size_t at = 0; at < PLACES; at++) {
		const struct touched *place = &places[at];
		if (!is_shared(place))
			continue;
		printf("line %llx %llx", (unsigned long long)place->line << LINE_SHIFT,
		       (unsigned long long)place->writer);
		for (unsigned i = 0; i < THREADS_MAX; i++)
			if (place->reads[i] || place->writes[i])
				printf(" %u:%u/%u", i, place->reads[i], place->writes[i]);
		printf("\n");
	}
}

/* One line of the trace. */
static void take(const char *text, bool counting)
{
	static unsigned thread;
	static uint64_t instruction;
	const char *sched;
	if (text[0] == 'I') {
		if (counting)
			instruction = strtoull(text + 1, NULL, 16);
	} else if (text[0] == ' ' && strchr("LSM", text[1]) && text[2] == ' ') {
		if (counting && thread < THREADS_MAX)
			count(thread, text[1], text + 2, instruction);
	} else if ((sched = strstr(text, "SCHED[")) && strstr(sched, "acquired lock")) {
		thread = (unsigned)strtoul(sched + strlen("SCHED["), NULL, 10);
	}
}

/* Takes the whole lines of the chunk; how many bytes of the next one are left, at its start. */
static size_t take_lines(char *chunk, size_t length, bool counting)
{
	char *line = chunk, *end;
	while ((end = memchr(line, '\n', length - (size_t)(line - chunk)))) {
		*end = '\0';
		take(line, counting);
		line = end + 1;
	}
	size_t left = length - (size_t)(line - chunk);
	memmove(chunk, line, left);
	return left;
}

int main(void)
{
	static char chunk[CHUNK_BYTES];
	struct sigaction action = {.sa_handler = on_signal};
	bool counting = false;
	size_t left = 0;
	ssize_t got;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	places = calloc(PLACES, sizeof *places);
	if (!places)
		return EXIT_FAILURE;
	while (!wants_end) {
		got = read(STDIN_FILENO, chunk + left, sizeof chunk - left);
		if (got == 0)
			break;
		if (wants_begin) {
			counting = true;
			wants_begin = 0;
		}
		if (got > 0)
			left = take_lines(chunk, left + (size_t)got, counting);
	}
	show();
	return 0;
}
