/* Private to journal/sqlite/: what the sink keeps between calls, shared by the files that write. All of it belongs
 * to the writer thread. */
#ifndef PF_JOURNAL_SQLITE_STATE_H
#define PF_JOURNAL_SQLITE_STATE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "journal/sqlite/dictionary.h"
#include "journal/sqlite/schema.h"
#include "journal/sqlite/sqlite.h"

/* Rows whose ids are known without asking the database; some 20 MB when all are full. */
#define NAME_CACHE_MAX 65536
#define ANSWER_CACHE_MAX 65536
#define SMALL_CACHE_MAX 4096
#define DEVICE_CACHE_MAX 1024

/* (device, name, type, answer) gathered before endpoints are written; a full table is written and begun anew. */
#define GROUP_MAX 16384

/* Of these, that wait for the content of their answer; it comes with the same round over the rings, which hold
 * some 80,000 records each. More are told in the log and not waited for. */
#define PENDING_MAX 524288

#define KEEP_ENDPOINTS_US (INT64_C(400) * 86400 * 1000000) /* design.md §7 */

/* Statements that stay prepared. */
enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_DEVICE_FIND,
	ST_DEVICE_INSERT,
	ST_DEVICE_RENAME,
	ST_DEVICE_COUNT,
	ST_QUERY_INSERT,
	ST_SPAN_PUT,
	ST_SPAN_NAME,
	ST_SPAN_DEVICE,
	ST_TYPE_PUT,
	ST_ANSWER_STATE,
	ST_ANSWER_FILL,
	ST_HOP_INSERT,
	ST_ADDRESS_INSERT,
	ST_ENDPOINT_UPSERT,
	ST_ENDPOINTS_UNTIL,
	ST_REPLAY,
	ST_RING_PUT,
	ST_RING_FIND,
	ST_COUNT,
};

/* Tables in which a thing stands once. */
enum table {
	TABLE_NAME,
	TABLE_CLIENT,
	TABLE_OUTCOME,
	TABLE_REASON,
	TABLE_ANSWER,
	TABLE_LABEL,
	TABLE_ADDRESS,
	TABLE_FACT,
	TABLE_COUNT,
};

struct interned {
	struct dictionary ids;
	sqlite3_stmt *find, *insert;
	sqlite3_stmt *use; /* NULL: the table has no `used` */
};

/* A device whose row is known, and what this transaction adds to it. */
struct device_seen {
	int64_t id;
	char name[DEVICE_NAME_MAX];
	int64_t first, last, queries, flagged, sinkholed; /* queries 0: nothing to add */
};

struct group_key {
	int64_t device, name, answer, type;
};

struct group {
	struct group_key key;
	int64_t first, last, count;
	int64_t row; /* the first query of it */
	bool done;   /* of a pending one: written in this transaction */
};

struct span {
	int64_t id, last, time_min, time_max; /* rows id..last; id 0: none is open */
};

struct sqlite_sink {
	struct sink sink; /* first: what the journal sees */
	sqlite3 *db;
	char *path;
	int lock;    /* descriptor, see schema_lock */
	bool opened; /* ready to be written */
	int64_t keep_us;
	sqlite3_stmt *statements[ST_COUNT];
	struct interned tables[TABLE_COUNT];
	struct dictionary types; /* those that have a row */

	struct dictionary device_ids; /* key to index in devices */
	struct device_seen *devices;  /* DEVICE_CACHE_MAX */
	size_t device_count;

	struct dictionary group_ids; /* group_key to index in groups */
	struct group *groups;        /* GROUP_MAX */
	size_t group_count;
	struct group *pending; /* up to PENDING_MAX: their answers have no content yet */
	size_t pending_count, pending_room, pending_lost;
	int64_t endpoints_until,
		endpoints_until_kept; /* as `progress` has it: now, and at the last commit */
	int64_t replay_to;        /* queries up to here that are not gathered in memory */
	int64_t flushed_us;       /* monotonic: when endpoints were written last */

	struct drift *drift; /* what moved, see drift.h */
	struct merge *merge; /* who turned out to be whom, see merge.h */

	int64_t next_row, next_row_kept; /* of `query`: now, and at the last commit */
	struct span span, span_kept;
	struct dictionary span_names, span_devices; /* ids that stand in the open span */

	struct {
		int64_t looked_us; /* wall: when idle did something last; 0: never */
		int64_t swept_us;  /* wall: when the last sweep began */
		int step;          /* of the sweep; 0: none is going on */
		int64_t cursor;    /* the first id that this step has not seen */
		bool shrunk;       /* rows went: pages may go back */
	} retention;
};

/* A value of a row, for `intern_resolve`. */
struct value {
	const char *text; /* NULL: `number` */
	int64_t number;
};

/* ---- intern.c. All return PF_OK, or PF_EIO (the database says why) or PF_ENOMEM. */

/* The id of the row with these `values`, which is made when there is none. `key` names the row in memory. `day` is
 * the day of the query. `*fresh` (may be NULL) tells whether it was made now. */
PF_MUST_CHECK int intern_resolve(struct sqlite_sink *sink, enum table table, const void *key,
                                 size_t key_length, const struct value *values, size_t value_count,
                                 int32_t day, int64_t *id, bool *fresh);

/* Does memory know it? PF_ENOENT: no; ask intern_resolve. */
PF_MUST_CHECK int intern_known(struct sqlite_sink *sink, enum table table, const void *key,
                               size_t key_length, int32_t day, int64_t *id);

PF_MUST_CHECK int intern_name(struct sqlite_sink *sink, const struct dns_name *name, int32_t day,
                              int64_t *id);
PF_MUST_CHECK int intern_text(struct sqlite_sink *sink, enum table table, const char *text,
                              int32_t day, int64_t *id);
PF_MUST_CHECK int intern_type(struct sqlite_sink *sink, uint16_t type);

/* Binds, steps to the end and resets. */
PF_MUST_CHECK int statement_run(sqlite3_stmt *statement, const struct value *values, size_t count);

/* ---- device.c */
PF_MUST_CHECK int device_see(struct sqlite_sink *sink, const struct record *record, int64_t time_ms,
                             int64_t *id);
PF_MUST_CHECK int device_flush(struct sqlite_sink *sink);
void device_forget(struct sqlite_sink *sink);

/* ---- answer.c: the answer's row, and its content when the record carries it. `*complete`: it has its content. */
PF_MUST_CHECK int answer_see(struct sqlite_sink *sink, const struct record *record, int32_t day,
                             int64_t *id, bool *complete);

/* ---- endpoint.c */
PF_MUST_CHECK int endpoint_see(struct sqlite_sink *sink, const struct group_key *key,
                               int64_t time_ms, bool complete);
PF_MUST_CHECK int endpoint_flush(struct sqlite_sink *sink);
/* Under load not with each batch. */
PF_MUST_CHECK int endpoint_flush_if_due(struct sqlite_sink *sink);
void endpoint_committed(struct sqlite_sink *sink);
void endpoint_rolled_back(struct sqlite_sink *sink);

/* ---- retention.c */
void retention_idle(struct sink *sink, int64_t now_wall_us);

/* ---- sink.c: ids in memory are forgotten, because rows may be gone. */
void sink_forget(struct sqlite_sink *sink);
/* Writes the endpoints that are still gathered in memory, in a transaction of its own. */
void sink_write_endpoints(struct sqlite_sink *sink);

#endif
