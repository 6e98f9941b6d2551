/* pihole-FTL.db: each row of its long-term database becomes one record of our journal. Pi-hole keeps no answers, so that nothing is known of
 * addresses, and no endpoint comes out of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/dns.h"
#include "import/pihole/network.h"
#include "journal/record.h"
#include "journal/sqlite/sqlite.h"

#define BATCH_ROWS 4096
#define KEEP_US \
	INT64_MAX / 4 /* nothing is deleted here; the daemon does, when it gets the journal */
#define WALL_MAX_S INT64_C(253402300799) /* the end of the year 9999 */
#define TYPE_OFFSET 100                  /* of types that Pi-hole has no number for */

struct reading {
	const char *path;
	char *error;
	sqlite3 *db;
	struct sink *sink;
	struct import_queries *queries;
	struct network *network; /* owned */
};

/* ---- devices ----------------------------------------------------------------------------- */

/* As the daemon names devices that it does not know. */
static void name_device(const struct reading *reading, const struct addr *addr,
                        char id[DEVICE_ID_MAX])
{
	const struct mac *mac = network_find(reading->network, addr);
	if (mac) {
		strcpy(id, "mac:");
		mac_format(mac, id + 4);
	} else {
		strcpy(id, "ip:");
		addr_format(addr, id + 3);
	}
}

/* ---- rows -------------------------------------------------------------------------------- */

/* By Pi-hole's numbers; 0: it is none. */
static uint16_t type_of(int64_t number)
{
	static const uint16_t types[] = {0,  1,  28, 255, 33, 6, 12, 16, 35,
	                                 15, 43, 46, 48,  2,  0, 64, 65};
	if (number > TYPE_OFFSET && number <= TYPE_OFFSET + UINT16_MAX)
		return (uint16_t)(number - TYPE_OFFSET);
	return number > 0 && number < (int64_t)PF_COUNT(types) ? types[number] : 0;
}

struct outcome {
	uint8_t action, source;
	const char *reason;
};

/* By Pi-hole's status; those that it does not name were answered. */
static struct outcome outcome_of(int64_t status)
{
	static const struct outcome outcomes[] = {
		[1] = {ACTION_SINKHOLE, SOURCE_POLICY, "sinkholed by Pi-hole: a list of its gravity"},
		[2] = {ACTION_ALLOW, SOURCE_UPSTREAM, ""},
		[3] = {ACTION_ALLOW, SOURCE_CACHE, ""},
		[4] = {ACTION_SINKHOLE, SOURCE_POLICY,
	           "sinkholed by Pi-hole: an expression of its domains"},
		[5] = {ACTION_SINKHOLE, SOURCE_POLICY, "sinkholed by Pi-hole: a denied domain"},
		[6] = {ACTION_ALLOW, SOURCE_UPSTREAM, "blocked by Pi-hole's upstream: a known address"},
		[7] = {ACTION_ALLOW, SOURCE_UPSTREAM, "blocked by Pi-hole's upstream: the null address"},
		[8] = {ACTION_ALLOW, SOURCE_UPSTREAM, "blocked by Pi-hole's upstream: NXDOMAIN without RA"},
		[9] = {ACTION_SINKHOLE, SOURCE_POLICY,
	           "sinkholed by Pi-hole: a CNAME in a list of its gravity"},
		[10] = {ACTION_SINKHOLE, SOURCE_POLICY,
	            "sinkholed by Pi-hole: a CNAME that an expression matches"},
		[11] = {ACTION_SINKHOLE, SOURCE_POLICY, "sinkholed by Pi-hole: a CNAME that is denied"},
		[15] = {ACTION_SINKHOLE, SOURCE_POLICY, "sinkholed by Pi-hole: its database was busy"},
		[16] = {ACTION_SINKHOLE, SOURCE_POLICY, "sinkholed by Pi-hole: a special domain"},
		[17] = {ACTION_ALLOW, SOURCE_STALE, ""},
		[18] = {ACTION_ALLOW, SOURCE_UPSTREAM,
	            "blocked by Pi-hole's upstream: as it says itself (EDE 15)"},
	};
	static const struct outcome others = {ACTION_ALLOW, SOURCE_UPSTREAM, ""};
	return status > 0 && status < (int64_t)PF_COUNT(outcomes) && outcomes[status].reason
	           ? outcomes[status]
	           : others;
}

static uint8_t rcode_of(int64_t reply)
{
	switch (reply) {
	case 2: return DNS_RCODE_NXDOMAIN;
	case 7: return DNS_RCODE_SERVFAIL;
	case 8: return DNS_RCODE_REFUSED;
	case 9: return DNS_RCODE_NOTIMP;
	default: return DNS_RCODE_NOERROR;
	}
}

/* "9.9.9.9#53" as we write it; "" when it is no address. */
static void read_upstream(const char *text, char upstream[ADDR_PORT_TEXT_MAX])
{
	char copy[ADDR_PORT_TEXT_MAX];
	struct addr_port parsed;
	upstream[0] = '\0';
	snprintf(copy, sizeof copy, "%s", text);
	char *sign = strrchr(copy, '#');
	if (sign)
		*sign = '@';
	if (*copy && addr_port_parse(copy, 53, &parsed) == PF_OK)
		addr_port_format(&parsed, upstream);
}

enum column {
	COLUMN_TIME,
	COLUMN_TYPE,
	COLUMN_STATUS,
	COLUMN_DOMAIN,
	COLUMN_CLIENT,
	COLUMN_FORWARD,
	COLUMN_REPLY,
	COLUMN_TOOK
};

/* Writes one row, or counts why it can not be. PF_OK; what the sink says. */
static int take_row(struct reading *reading, sqlite3_stmt *row)
{
	struct import_queries *queries = reading->queries;
	struct dns_name name;
	char id[DEVICE_ID_MAX], upstream[ADDR_PORT_TEXT_MAX];
	double time_s = sqlite3_column_double(row, COLUMN_TIME),
		   took_s = sqlite3_column_double(row, COLUMN_TOOK);
	struct outcome outcome = outcome_of(sqlite3_column_int64(row, COLUMN_STATUS));
	struct record record = {.name = &name,
	                        .device_id = id,
	                        .rule_name = "",
	                        .upstream = upstream,
	                        .type = type_of(sqlite3_column_int64(row, COLUMN_TYPE)),
	                        .rcode = rcode_of(sqlite3_column_int64(row, COLUMN_REPLY)),
	                        .action = outcome.action,
	                        .source = outcome.source,
	                        .reason = outcome.reason,
	                        .standing = STANDING_NONE,
	                        .confidence = CONFIDENCE_NONE};
	bool bad_time = !(time_s > 0 && time_s < (double)WALL_MAX_S);
	bool bad_name = dns_name_from_text(database_text(row, COLUMN_DOMAIN), &name) != PF_OK;
	bool bad_client = addr_parse(database_text(row, COLUMN_CLIENT), &record.client) != PF_OK;
	queries->bad_time += bad_time;
	queries->bad_type += !bad_time && !record.type;
	queries->bad_name += !bad_time && record.type && bad_name;
	queries->bad_client += !bad_time && record.type && !bad_name && bad_client;
	if (bad_time || !record.type || bad_name || bad_client)
		return PF_OK;
	addr_unmap(&record.client);
	record.time_wall_us = (int64_t)(time_s * 1e6);
	record.took_us = took_s > 0 && took_s < 3600 ? (uint32_t)(took_s * 1e6) : 0;
	record.dropped_reply =
		sqlite3_column_int64(row, COLUMN_REPLY) == 12 && outcome.action == ACTION_SINKHOLE;
	name_device(reading, &record.client, id);
	record.device_name = strchr(id, ':') + 1;
	read_upstream(database_text(row, COLUMN_FORWARD), upstream);
	int result = reading->sink->write(reading->sink, &record, reading->error, IMPORT_ERROR_MAX);
	if (result != PF_OK)
		return result;
	queries->taken++;
	queries->sinkholed += outcome.action == ACTION_SINKHOLE;
	if (!queries->first_us || record.time_wall_us < queries->first_us)
		queries->first_us = record.time_wall_us;
	if (record.time_wall_us > queries->last_us)
		queries->last_us = record.time_wall_us;
	return PF_OK;
}

/* Rows in transactions; what was committed counts, when one fails. */
static int take_rows(struct reading *reading, sqlite3_stmt *row)
{
	struct sink *sink = reading->sink;
	int result = PF_OK;
	while (result == PF_OK) {
		struct import_queries before = *reading->queries;
		int written = sink->begin(sink, reading->error, IMPORT_ERROR_MAX);
		for (size_t i = 0; i < BATCH_ROWS && result == PF_OK && written == PF_OK; i++) {
			result = database_step(row, reading->path, reading->error);
			if (result == PF_OK)
				written = take_row(reading, row);
		}
		char why[IMPORT_ERROR_MAX];
		if (written == PF_OK)
			written = sink->commit(sink, why, sizeof why);
		if (written != PF_OK) {
			*reading->queries = before;
			if (result == PF_OK || result == PF_ENOENT)
				snprintf(reading->error, IMPORT_ERROR_MAX, "%s", why);
			return written;
		}
	}
	return result == PF_ENOENT ? PF_OK : result;
}

static int read_all(struct reading *reading)
{
	sqlite3_stmt *row = NULL;
	char sql[300];
	snprintf(sql, sizeof sql,
	         "SELECT timestamp, type, status, domain, client, forward, %s, %s FROM queries",
	         database_has(reading->db, "queries", "reply_type") ? "reply_type" : "0",
	         database_has(reading->db, "queries", "reply_time") ? "reply_time" : "0");
	/* Without it every device is known by its address. */
	int result = network_read(reading->db, reading->path, &reading->network, reading->error);
	if (result == PF_OK)
		result = database_prepare(reading->db, reading->path, sql, &row, reading->error);
	if (result == PF_OK)
		result = take_rows(reading, row);
	sqlite3_finalize(row);
	return result;
}

static void tell_nobody(void *data, const struct event *event)
{
	(void)data;
	(void)event;
}

int import_queries(const char *path, const char *journal, struct import_queries *queries,
                   char error[IMPORT_ERROR_MAX])
{
	struct reading reading = {.path = path, .error = error, .queries = queries};
	*queries = (struct import_queries){0};
	int result = database_open(path, &reading.db, error);
	if (result != PF_OK)
		return result;
	reading.sink = sqlite_sink_open(journal, KEEP_US, error, IMPORT_ERROR_MAX);
	result = PF_EIO;
	if (reading.sink) {
		sqlite_sink_tell(reading.sink, (struct event_outlet){tell_nobody, NULL});
		result = read_all(&reading);
		reading.sink->close(&reading.sink);
	}
	sqlite3_close(reading.db);
	network_free(&reading.network);
	return result;
}
