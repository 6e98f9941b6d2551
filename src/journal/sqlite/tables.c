/* The tables of the journal. Whatever repeats stands once in a small table; most queries are the same as an earlier one but
 * for their time, so what they have in common is a row of `kind`, and a query is three numbers in a row of `block`; the
 * views put the words back for people.
 *
 *   block: up to 1,000 queries ─► kind ─► device, client, name, outcome (type, rcode, action, protocol …), reason, answer
 *   answer ─► answer_hop ─► name          endpoint ─► device, name, address, fact
 *     └────► answer_address ─► fact ─► address, label
 *
 *   block.rows is a JSON array of texts, one for each query: six digits are the milliseconds since block.time, then the kind, a
 *     dot, and the microseconds that it took: "060003412.187". The first is number block.id, and so on; v_rows takes them
 *     apart. A query that was taken out is "".
 *   block_summary: which times and kinds stand in a block that does not grow any more, the kinds as a sorted list of
 *     differences (rows.h), so that a question decodes only blocks that can hold what it looks for. An index on single
 *     queries would cost more than the query itself, in time and in bytes. The newest block may have none: it must be looked at.
 *
 *   sum_hour: how many queries of a device, a name and a class (action, standing, country) came in an hour.
 *     sum_day, sum_month: the same of longer times; total_hour, total_day, total_month: of all names together; all_hour, all_day: of all
 *     devices and names together; name_day, name_month: of all devices together, by name. Those nine hold what is rolled up; the rest is in sum_hour alone. v_days, v_months,
 *     v_total_hours and v_total_days put both together.
 *   progress.summed_until: the number of the last query that is in the sums, the endpoints and the counts of devices. While those up to
 *     flushing_until are being written, in the order of devices and names, they are there up to (flushed_device, flushed_name), and the
 *     counts of flushed_device too.
 *     rolled_until: hours before it are rolled up. While those before rolling_until are being rolled, device by device, a row of sum_hour is
 *     when it does not stand behind (rolled_device, rolled_hour, rolled_name): TABLES_UNROLLED.
 *   ring: up to where in each of the journal's rings the records are in here, so that none is written twice
 *
 * References are not enforced while writing (foreign_keys stays off: one look-up for each column and row); `PRAGMA
 * foreign_key_check` proves them, and the tests do. */
#include "journal/sqlite/tables.h"

/* Milliseconds to "2026-11-23T20:26:23.123Z". */
#define ISO(column)                                                                             \
	"strftime('%Y-%m-%dT%H:%M:%S', " column " / 1000, 'unixepoch') || printf('.%03dZ', " column \
	" % 1000)"

#define SUM(table, time)                                                       \
	"CREATE TABLE " table " (device INTEGER NOT NULL REFERENCES device, " time \
	" INTEGER NOT NULL, name INTEGER NOT NULL REFERENCES name,"                \
	" class INTEGER NOT NULL REFERENCES class, count INTEGER NOT NULL,"        \
	" PRIMARY KEY (device, " time ", name, class)) STRICT, WITHOUT ROWID;"

#define ALL(table, time)                                                \
	"CREATE TABLE " table " (" time " INTEGER NOT NULL,"                \
	" class INTEGER NOT NULL REFERENCES class, count INTEGER NOT NULL," \
	" PRIMARY KEY (" time ", class)) STRICT, WITHOUT ROWID;"

#define NAMES(table, time)                                              \
	"CREATE TABLE " table " (" time " INTEGER NOT NULL,"                \
	" name INTEGER NOT NULL REFERENCES name,"                           \
	" class INTEGER NOT NULL REFERENCES class, count INTEGER NOT NULL," \
	" PRIMARY KEY (" time ", name, class)) STRICT, WITHOUT ROWID;"

#define TOTAL(table, time)                                                                \
	"CREATE TABLE " table " (device INTEGER NOT NULL REFERENCES device, " time            \
	" INTEGER NOT NULL, class INTEGER NOT NULL REFERENCES class, count INTEGER NOT NULL," \
	" PRIMARY KEY (device, " time ", class)) STRICT, WITHOUT ROWID;"

const char tables_sql[] =
	"CREATE TABLE device (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
	" first INTEGER NOT NULL, last INTEGER NOT NULL, queries INTEGER NOT NULL,"
	" flagged INTEGER NOT NULL, sinkholed INTEGER NOT NULL) STRICT;"
	"CREATE TABLE client (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
	"CREATE TABLE label (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
	"CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE,"
	" domain TEXT NOT NULL) STRICT;"
	"CREATE INDEX name_domain ON name (domain) WHERE domain <> '';"
	"CREATE TABLE type (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
	"CREATE TABLE outcome (id INTEGER PRIMARY KEY, type INTEGER NOT NULL REFERENCES type,"
	" rcode TEXT NOT NULL, action TEXT NOT NULL, standing TEXT NOT NULL, confidence TEXT NOT NULL,"
	" source TEXT NOT NULL, upstream TEXT NOT NULL,"
	" UNIQUE (type, rcode, action, standing, confidence, source, upstream)) STRICT;"
	"CREATE TABLE reason (id INTEGER PRIMARY KEY, text TEXT NOT NULL, rule INTEGER NOT NULL,"
	" name TEXT NOT NULL, UNIQUE (text, rule, name)) STRICT;"
	"CREATE TABLE answer (id INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE,"
	" complete INTEGER NOT NULL, standing TEXT NOT NULL, confidence TEXT NOT NULL,"
	" overseas INTEGER NOT NULL, judged INTEGER NOT NULL, country TEXT NOT NULL) STRICT;"
	"CREATE TABLE answer_hop (answer INTEGER NOT NULL REFERENCES answer, position INTEGER NOT NULL,"
	" name INTEGER NOT NULL REFERENCES name, PRIMARY KEY (answer, position)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX answer_hop_name ON answer_hop (name);"
	"CREATE TABLE address (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
	"CREATE TABLE fact (id INTEGER PRIMARY KEY, address INTEGER NOT NULL REFERENCES address,"
	" standing TEXT NOT NULL, confidence TEXT NOT NULL, special INTEGER NOT NULL,"
	" anycast INTEGER NOT NULL, location TEXT NOT NULL, control TEXT NOT NULL, asn INTEGER NOT NULL,"
	" organisation INTEGER NOT NULL REFERENCES label, evidence INTEGER NOT NULL REFERENCES label,"
	" UNIQUE (address, standing, confidence, special, anycast, location, control, asn,"
	" organisation, evidence)) STRICT;"
	"CREATE TABLE answer_address (answer INTEGER NOT NULL REFERENCES answer,"
	" position INTEGER NOT NULL, fact INTEGER NOT NULL REFERENCES fact,"
	" PRIMARY KEY (answer, position)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX answer_address_fact ON answer_address (fact);"
	"CREATE TABLE endpoint (id INTEGER PRIMARY KEY, device INTEGER NOT NULL REFERENCES device,"
	" name INTEGER NOT NULL REFERENCES name, type INTEGER NOT NULL REFERENCES type,"
	" address INTEGER NOT NULL REFERENCES address, fact INTEGER NOT NULL REFERENCES fact,"
	" first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL, via TEXT NOT NULL,"
	" UNIQUE (device, name, type, address)) STRICT;"
	"CREATE INDEX endpoint_name ON endpoint (name);"
	"CREATE TABLE kind (id INTEGER PRIMARY KEY, device INTEGER NOT NULL REFERENCES device,"
	" client INTEGER NOT NULL REFERENCES client, name INTEGER NOT NULL REFERENCES name,"
	" outcome INTEGER NOT NULL REFERENCES outcome, reason INTEGER REFERENCES reason,"
	" answer INTEGER REFERENCES answer) STRICT;"
	"CREATE INDEX kind_name ON kind (name, device);"
	"CREATE INDEX kind_device ON kind (device);"
	"CREATE INDEX kind_outcome ON kind (outcome);"
	"CREATE INDEX kind_reason ON kind (reason) WHERE reason IS NOT NULL;"
	"CREATE INDEX kind_answer ON kind (answer) WHERE answer IS NOT NULL;"
	"CREATE TABLE block (id INTEGER PRIMARY KEY, count INTEGER NOT NULL, time INTEGER NOT NULL,"
	" rows TEXT NOT NULL) STRICT;"
	"CREATE TABLE block_summary (block INTEGER PRIMARY KEY REFERENCES block,"
	" time_min INTEGER NOT NULL, time_max INTEGER NOT NULL, kinds BLOB NOT NULL) STRICT;"
	"CREATE INDEX block_summary_time ON block_summary (time_max, time_min);"
	"CREATE TABLE class (id INTEGER PRIMARY KEY, action TEXT NOT NULL, standing TEXT NOT NULL,"
	" country TEXT NOT NULL, UNIQUE (action, standing, country)) STRICT;" SUM("sum_hour", "hour")
		SUM("sum_day", "day") SUM("sum_month", "month") TOTAL("total_hour", "hour")
			TOTAL("total_day",
                  "day") "CREATE INDEX sum_month_name ON sum_month (name);"
						 "CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1),"
						 " summed_until INTEGER NOT NULL, rolled_until INTEGER NOT NULL) STRICT;"
						 "INSERT INTO progress (id, summed_until, rolled_until) VALUES (1, 0, 0);"
						 "CREATE TABLE ring (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL,"
						 " position INTEGER NOT NULL) STRICT;";

/* Of version 3. */
const char tables_added_sql[] = TOTAL("total_month", "month") ALL("all_hour", "hour") ALL(
	"all_day",
	"day") "ALTER TABLE progress ADD COLUMN rolling_until INTEGER NOT NULL DEFAULT 0;"
		   "ALTER TABLE progress ADD COLUMN rolled_device INTEGER NOT NULL DEFAULT 0;"
		   "ALTER TABLE progress ADD COLUMN rolled_hour INTEGER NOT NULL DEFAULT 0;"
		   "ALTER TABLE progress ADD COLUMN rolled_name INTEGER NOT NULL DEFAULT 0;"
		   "ALTER TABLE progress ADD COLUMN flushing_until INTEGER NOT NULL DEFAULT 0;"
		   "ALTER TABLE progress ADD COLUMN flushed_device INTEGER NOT NULL DEFAULT 0;"
		   "ALTER TABLE progress ADD COLUMN flushed_name INTEGER NOT NULL DEFAULT 0;"
		   "UPDATE progress SET rolling_until = rolled_until;"
		   "INSERT INTO total_month (device, month, class, count)"
		   " SELECT device, " TABLES_MONTH(
			   "day * 24") ", class, sum(count) FROM total_day"
						   " GROUP BY device, 2, class;"
						   "INSERT INTO all_hour (hour, class, count)"
						   " SELECT hour, class, sum(count) FROM total_hour GROUP BY hour, class;"
						   "INSERT INTO all_day (day, class, count)"
						   " SELECT day, class, sum(count) FROM total_day GROUP BY day, class;";

/* Of version 4: over what a question came, and what was validated. An outcome is one of a few hundred rows, so that no query takes more room for it. Of what
 * was written before neither is known. */
const char tables_added4_sql[] =
	"CREATE TABLE outcome_4 (id INTEGER PRIMARY KEY, type INTEGER NOT NULL REFERENCES type,"
	" rcode TEXT NOT NULL, action TEXT NOT NULL, standing TEXT NOT NULL, confidence TEXT NOT NULL,"
	" source TEXT NOT NULL, upstream TEXT NOT NULL, protocol TEXT NOT NULL, dnssec INTEGER NOT NULL,"
	" UNIQUE (type, rcode, action, standing, confidence, source, upstream, protocol, dnssec)) STRICT;"
	"INSERT INTO outcome_4 (id, type, rcode, action, standing, confidence, source, upstream,"
	" protocol, dnssec) SELECT id, type, rcode, action, standing, confidence, source, upstream, '', 0"
	" FROM outcome;"
	"DROP TABLE outcome;"
	"ALTER TABLE outcome_4 RENAME TO outcome;"
	"ALTER TABLE endpoint ADD COLUMN dnssec INTEGER NOT NULL DEFAULT 0;";

/* Of version 5. */
const char tables_added5_sql[] = NAMES("name_day", "day") NAMES(
	"name_month",
	"month") "INSERT INTO name_day (day, name, class, count)"
			 " SELECT day, name, class, sum(count) FROM sum_day GROUP BY day, name, class;"
			 "INSERT INTO name_month (month, name, class, count)"
			 " SELECT month, name, class, sum(count) FROM sum_month GROUP BY month, name, class;";

const char tables_indices_sql[] =
	"DROP INDEX IF EXISTS endpoint_fact; DROP INDEX IF EXISTS endpoint_place;"
	"CREATE INDEX IF NOT EXISTS endpoint_where ON endpoint (fact, device, name);"
	"CREATE INDEX IF NOT EXISTS endpoint_last ON endpoint (last);"
	"CREATE INDEX IF NOT EXISTS endpoint_first ON endpoint (first);"
	"CREATE INDEX IF NOT EXISTS fact_location ON fact (location);"
	"CREATE INDEX IF NOT EXISTS fact_control ON fact (control);"
	"CREATE INDEX IF NOT EXISTS fact_asn ON fact (asn);"
	"CREATE INDEX IF NOT EXISTS fact_standing ON fact (standing);"
	"CREATE INDEX IF NOT EXISTS reason_name ON reason (name);";

/* What was rolled up, and what was not. */
#define TOGETHER(view, time, table, hour, name, its_name)           \
	"CREATE VIEW " view " (device, " time name ", class, count) AS" \
	" SELECT device, " time name ", class, count FROM " table       \
	" UNION ALL SELECT s.device, " hour its_name ", s.class, s.count" TABLES_UNROLLED ";"

const char tables_views_drop_sql[] =
	"DROP VIEW IF EXISTS v_rows; DROP VIEW IF EXISTS v_queries; DROP VIEW IF EXISTS v_endpoints; DROP VIEW IF EXISTS v_owners;"
	"DROP VIEW IF EXISTS v_sums; DROP VIEW IF EXISTS v_days; DROP VIEW IF EXISTS v_months; DROP VIEW IF EXISTS v_total_hours;"
	"DROP VIEW IF EXISTS v_total_days;";

/* clang-format off */
const char tables_views_sql[] =
	"CREATE VIEW v_rows (row, time, kind, took_us, block) AS"
	" SELECT b.id + r.key, b.time + substr(r.value, 1, 6), CAST(substr(r.value, 7) AS INTEGER),"
	" CAST(substr(r.value, instr(r.value, '.') + 1) AS INTEGER), b.id"
	" FROM block b CROSS JOIN json_each(b.rows) r WHERE r.value <> '';"

	"CREATE VIEW v_queries (time, device, client, name, type, rcode, action, rule, reason,"
	" standing, confidence, source, upstream, took_us, protocol, dnssec) AS"
	" SELECT " ISO("q.time") ", d.name, c.text, n.text, t.text, o.rcode, o.action,"
	" NULLIF(r.name, ''), COALESCE(r.text, '" TABLES_REASON_NONE "'), NULLIF(o.standing, ''),"
	" NULLIF(o.confidence, ''), o.source, NULLIF(o.upstream, ''), q.took_us,"
	" NULLIF(o.protocol, ''), " TABLES_DNSSEC("o.dnssec")
	" FROM v_rows q CROSS JOIN kind k ON k.id = q.kind JOIN device d ON d.id = k.device"
	" JOIN client c ON c.id = k.client JOIN name n ON n.id = k.name"
	" JOIN outcome o ON o.id = k.outcome JOIN type t ON t.id = o.type"
	" LEFT JOIN reason r ON r.id = k.reason;"

	"CREATE VIEW v_endpoints (device, name, type, address, location, control, asn, organisation,"
	" standing, confidence, first, last, count, dnssec) AS"
	" SELECT d.name, n.text, t.text, a.text, NULLIF(f.location, ''), NULLIF(f.control, ''),"
	" NULLIF(f.asn, 0), NULLIF(l.text, ''), NULLIF(f.standing, ''), NULLIF(f.confidence, ''),"
	" " ISO("e.first") ", " ISO("e.last") ", e.count, " TABLES_DNSSEC("e.dnssec")
	" FROM endpoint e JOIN device d ON d.id = e.device JOIN name n ON n.id = e.name"
	" JOIN type t ON t.id = e.type JOIN address a ON a.id = e.address"
	" JOIN fact f ON f.id = e.fact JOIN label l ON l.id = f.organisation;"

	"CREATE VIEW v_owners (device, name, domain, via, address, asn, organisation) AS"
	" SELECT d.name, n.text, NULLIF(n.domain, ''), NULLIF(e.via, ''), a.text, NULLIF(f.asn, 0),"
	" NULLIF(l.text, '') FROM endpoint e JOIN device d ON d.id = e.device"
	" JOIN name n ON n.id = e.name JOIN address a ON a.id = e.address"
	" JOIN fact f ON f.id = e.fact JOIN label l ON l.id = f.organisation;"

	"CREATE VIEW v_sums (hour, device, name, action, standing, country, count) AS"
	" SELECT strftime('%Y-%m-%dT%H:00:00.000Z', h.hour * 3600, 'unixepoch'), d.name, n.text,"
	" c.action, NULLIF(c.standing, ''), NULLIF(c.country, ''), h.count FROM sum_hour h"
	" JOIN device d ON d.id = h.device JOIN name n ON n.id = h.name JOIN class c ON c.id = h.class;"

	TOGETHER("v_days", "day", "sum_day", "s.hour / 24", ", name", ", s.name")
	TOGETHER("v_months", "month", "sum_month", TABLES_MONTH("s.hour"), ", name", ", s.name")
	TOGETHER("v_total_hours", "hour", "total_hour", "s.hour", "", "")
	TOGETHER("v_total_days", "day", "total_day", "s.hour / 24", "", "");
/* clang-format on */
