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

struct sqlite_store {
	struct store store; /* first: what others see */
	sqlite3 *db;
	char *path;
	sqlite3_stmt *answer_parts[3]; /* ask_answer.c: an answer, its CNAMEs, its addresses */
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

/* Begins a snapshot, so that ids and rows are of one moment, and a question; ask_end follows, whatever this returns. A second
 * question within the same snapshot begins with ask_init and ends with ask_deinit. */
PF_MUST_CHECK int ask_begin(struct sqlite_store *store, struct question *question);
int ask_end(struct sqlite_store *store, struct question *question, int result);
void ask_init(struct question *question);
void ask_deinit(struct question *question);

/* Hands each row of the statement on. `hand` knows the columns. */
PF_MUST_CHECK int ask_walk(struct sqlite_store *store, struct question *question,
                           int (*hand)(sqlite3_stmt *statement, void *each, void *data), void *each,
                           void *data);

/* Columns: NULL is "", milliseconds become microseconds. */
const char *ask_text_of(sqlite3_stmt *statement, int column);
int64_t ask_time_of(sqlite3_stmt *statement, int column);

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

/* Filters. `column` is "k.name" or "e.name". PF_OK, PF_EINVAL or PF_EIO with a sentence in the store. */
PF_MUST_CHECK int ask_filter_name(struct sqlite_store *store, struct question *question,
                                  const char *name, const char *column);
PF_MUST_CHECK int ask_filter_domain(struct sqlite_store *store, struct question *question,
                                    const char *domain, const char *column);
/* Are the names that the filter's name and domain let through so few that each may be looked up? */
PF_MUST_CHECK int ask_names_are_few(struct sqlite_store *store, struct question *question,
                                    const struct store_filter *filter, bool *few);
/* Both `device` and `devices` of the filter. */
PF_MUST_CHECK int ask_filter_devices(struct sqlite_store *store, struct question *question,
                                     const struct store_filter *filter, const char *column);
PF_MUST_CHECK int ask_filter_type(struct sqlite_store *store, struct question *question,
                                  const char *type, const char *sql);
/* Country, location, control and network, of facts: " AND e.fact IN (SELECT f.id FROM fact f WHERE …)" or whatever `before`
 * says; nothing is added when the filter has none of them. */
bool ask_filter_places(struct question *question, const struct store_filter *filter,
                       const char *before);

/* Rule and action, of a row `k` of kind. */
void ask_filter_decision(struct question *question, const struct store_filter *filter);

/* All of the filter but times, rows and limit, of a row `k` of kind. */
PF_MUST_CHECK int ask_filter_kind(struct sqlite_store *store, struct question *question,
                                  const struct store_filter *filter);

/* ---- ask_answer.c, ask_asked.c, ask_sums.c: what store.h says of `answer`, `asked` and `sums`. */
PF_MUST_CHECK int ask_answer(struct store *base, int64_t answer,
                             int (*each)(void *data, const struct store_answer *row), void *data);
PF_MUST_CHECK int ask_asked(struct store *base, const struct store_filter *filter,
                            int (*each)(void *data, const struct store_asked *row), void *data);
PF_MUST_CHECK int ask_sums(struct store *base, enum store_sums what,
                           const struct store_filter *filter,
                           int (*each)(void *data, const struct store_sum *row), void *data);

#endif
