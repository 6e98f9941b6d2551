/* A journal of some weeks for the tests of reports: three devices with habits, written by the real sink at made-up times. */
#ifndef WEEKS_H
#define WEEKS_H

#include <jansson.h>
#include <stdint.h>

#include "journal/store.h"

#define WEEKS_DAYS 42
#define WEEKS_START_US INT64_C(1790553600000000) /* Monday, 2026-09-28T00:00:00Z */
#define WEEKS_END_US (WEEKS_START_US + WEEKS_DAYS * INT64_C(86400000000))
#define WEEKS_SINKHOLED_DAY \
	28 /* from here on the coffee machine's telemetry is sinkholed, and asked for three times as often */
#define WEEKS_NEW_DAY 35 /* the camera meets a name that it did not know */

/* The coffee machine asks for its telemetry once an hour from 6 to 19, and three times from WEEKS_SINKHOLED_DAY on; for the time each
 * six hours; the television in the evening; the camera every hour. Makes the file PATH. */
void weeks_write(const char *path);

/* That journal, in a folder of its own, open for reading: what cmocka sets up and tears down for a group. */
struct place {
	char folder[64];
	struct store *store;
};
int weeks_open(void **state);
int weeks_close(void **state);

/* A member of a JSON object: 0 and "(none)" when it is not there; and the row of `list` whose `member` is `value`, or NULL. */
int64_t number(json_t *object, const char *member);
const char *word(json_t *object, const char *member);
json_t *row(json_t *document, const char *list, const char *member, const char *value);

#endif
