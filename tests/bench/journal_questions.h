/* The questions that a dashboard asks of a journal, each by its name and with its time. */
#ifndef JOURNAL_QUESTIONS_H
#define JOURNAL_QUESTIONS_H

#include <stdint.h>

/* Asks all of a journal that holds `records` queries of one month, the first at `begin_us` and the last at `end_us`. Returns how many took
 * longer than 100 ms, or found nothing. */
unsigned questions_month(const char *path, int64_t begin_us, int64_t end_us);

/* Makes it a year, by eleven earlier months like it in the sums and with older endpoints; then what a year is asked for. */
unsigned questions_year(const char *path, int64_t begin_us, int64_t end_us);

#endif
