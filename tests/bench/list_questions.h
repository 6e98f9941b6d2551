/* What the benches of the name index share: lists out of files, and names to ask for out of the same files. Who fails ends the program. */
#ifndef PF_BENCH_LIST_QUESTIONS_H
#define PF_BENCH_LIST_QUESTIONS_H

#include "lists/lists.h"

#define QUESTION_COUNT \
	200000 /* so many that the index's cache lines are not those of the last round */

/* The names without the room behind them: reading a quarter of a kilobyte for each would be measured too. */
struct questions {
	size_t count, length;
	uint8_t *bytes; /* struct dns_name after struct dns_name, each as long as its name is */
};

_Noreturn void bench_die(const char *what);
double bench_cpu_s(void);
uint64_t bench_draw(uint64_t *state);

/* Each file is a list; freed with the process. */
struct config *bench_config(int count, char **files);

/* Up to `most` lines of the files, spread over all of them, in an order that they did not have, as names of five labels; `spoiled`
 * makes names that miss. */
struct questions questions_read(int count, char *const *files, size_t most, bool spoiled);

/* How names are asked for. */
enum question_order {
	QUESTIONS_IN_TURN, /* one does not hang on another, as packets come */
	QUESTIONS_CHAINED, /* each is known only after the answer before: no two look-ups go on at once */
};

/* Asks all of them once; nanoseconds of this processor for each, and how many were held. Names are copied out before they are asked
 * for, 32 at a time, as a worker takes its packets. Without lists (NULL): of the loop around the look-ups. */
double questions_ask(const struct lists *lists, struct regex_scratch *scratch,
                     const struct questions *questions, enum question_order order, size_t *held);

#endif
