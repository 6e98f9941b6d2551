/* Private to journal/sqlite/: a question to the store, as it grows from a filter. What a filter names is looked up in the
 * small tables first, so that of the large ones only those rows are read that can hold it. */
#ifndef PF_JOURNAL_SQLITE_ASK_H
#define PF_JOURNAL_SQLITE_ASK_H

#include <sqlite3.h>

#include "base/buffer.h"
#include "journal/store.h"

#define US_PER_MS 1000
#define ASK_SQL_BYTES_MAX (256u << 10) /* the ids of STORE_DEVICES_MAX devices, several times */
#define ASK_PARAMETER_MAX 32
#define ASK_PATTERN_BYTES_MAX 1024 /* a name is at most 1,020 bytes as text */

/* Walks spans in their order (the plus sign) and looks each up in a set of those that qualify. */
#define IN_SPANS(thing, condition) \
	" AND +s.id IN (SELECT span FROM span_" thing " WHERE " thing " " condition ")"

struct sqlite_store {
	struct store store; /* first: what others see */
	sqlite3 *db;
	char *path;
};

/* A SELECT that grows, with its parameters in order. */
struct question {
	struct buffer sql;
	struct {
		const char *text; /* NULL: `number` */
		int64_t number;
	} parameters[ASK_PARAMETER_MAX];
	size_t count;
	bool nothing; /* a filter names what the journal does not know */
	char pattern[ASK_PATTERN_BYTES_MAX * 3];
	char domain[ASK_PATTERN_BYTES_MAX];
};

/* Writes down why the database failed; PF_EIO. */
int ask_explain(struct sqlite_store *store);

void ask_add(struct question *question, const char *sql);
void ask_add_text(struct question *question, const char *sql, const char *text);
void ask_add_number(struct question *question, const char *sql, int64_t number);

/* The statement with all its parameters; NULL with the reason in the store. */
sqlite3_stmt *ask_prepare(struct sqlite_store *store, struct question *question);

/* The first column of the first row of a small question; 0 when there is none. PF_EIO. */
PF_MUST_CHECK int ask_number(struct sqlite_store *store, const char *sql, const char *text,
                             int64_t number, int64_t *answer);

/* Filters. `column` is "q.name" or "e.name"; with `spans` only spans are read in which the thing stands. PF_OK, PF_EINVAL
 * or PF_EIO with a sentence in the store. */
PF_MUST_CHECK int ask_filter_name(struct sqlite_store *store, struct question *question,
                                  const char *name, const char *column, bool spans);
PF_MUST_CHECK int ask_filter_domain(struct sqlite_store *store, struct question *question,
                                    const char *domain, const char *column, bool spans);
/* Both `device` and `devices` of the filter. */
PF_MUST_CHECK int ask_filter_devices(struct sqlite_store *store, struct question *question,
                                     const struct store_filter *filter, const char *column,
                                     bool spans);
PF_MUST_CHECK int ask_filter_type(struct sqlite_store *store, struct question *question,
                                  const char *type, const char *sql);
/* Country, location, control and network, of facts: " AND e.fact IN (SELECT f.id FROM fact f WHERE …)" or whatever `before`
 * says; nothing is added when the filter has none of them. */
bool ask_filter_places(struct question *question, const struct store_filter *filter,
                       const char *before);

#endif
