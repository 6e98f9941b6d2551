/* The detection of drift.h.
 *
 * A name has moved when its answer stands elsewhere than the one before, unless only the databases have: then each of the answer's
 * addresses was an endpoint of this device and name already, and what is said of one of them is new. That is marked as
 * such in the row and told to nobody. */
#include "journal/sqlite/drift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESSES_MAX 256 /* of one answer that are looked at; their standing is that of all */
#define COUNTRIES_MAX 8   /* of one answer */
#define MS_PER_DAY INT64_C(86400000)
#define NEWEST_MAX 4096 /* devices whose newest name is remembered */
#define MET_MAX 256     /* places for who has met which country */

enum drift_statement {
	DRIFT_ADDRESSES,
	DRIFT_NEWEST,
	DRIFT_FIND,
	DRIFT_PUT,
	DRIFT_MEET,
	DRIFT_KNOWN_ADDRESS,
	DRIFT_EVENT,
	DRIFT_DEVICE,
	DRIFT_NAME,
	DRIFT_UPSTREAM,
	DRIFT_COUNT,
};

static const char *const sql[DRIFT_COUNT] = {
	[DRIFT_ADDRESSES] =
		"SELECT n.standing, n.confidence, f.location, f.standing, f.anycast, e.id IS NULL,"
		" e.id IS NOT NULL AND (o.location <> f.location OR o.standing <> f.standing),"
		" d.text, l.text, f.address FROM answer_address a JOIN answer n ON n.id = a.answer"
		" JOIN fact f ON f.id = a.fact JOIN address d ON d.id = f.address"
		" JOIN label l ON l.id = f.evidence"
		" LEFT JOIN endpoint e ON e.device = ?1 AND e.name = ?2 AND e.type = ?3"
		" AND e.address = f.address LEFT JOIN fact o ON o.id = e.fact"
		" WHERE a.answer = ?4 AND f.special = 0 ORDER BY a.position LIMIT ?5",
	[DRIFT_NEWEST] = "SELECT max(ifnull((SELECT max(name) FROM endpoint WHERE device = ?1), 0),"
					 " ifnull((SELECT max(name) FROM drift WHERE device = ?1), 0))",
	[DRIFT_FIND] = "SELECT standing, state, told FROM drift WHERE device = ? AND name = ?",
	[DRIFT_PUT] = "INSERT INTO drift (device, name, standing, state, told, last)"
				  " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (device, name) DO UPDATE SET"
				  " standing = ?3, state = ?4, told = ?5, last = max(last, ?6)",
	[DRIFT_MEET] = "INSERT OR IGNORE INTO met (device, country, first) VALUES (?, ?, ?)",
	[DRIFT_KNOWN_ADDRESS] = "SELECT 1 FROM endpoint WHERE device = ? AND address = ? LIMIT 1",
	[DRIFT_EVENT] = "INSERT INTO event (time, kind, device, name, before, after, evidence, cause)"
					" VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[DRIFT_DEVICE] = "SELECT key, name FROM device WHERE id = ?",
	[DRIFT_NAME] = "SELECT text FROM name WHERE id = ?",
	[DRIFT_UPSTREAM] = "SELECT upstream FROM outcome WHERE id = ?",
};

/* A country that a device has met. */
struct met {
	int64_t device; /* 0: none stands here */
	struct country country;
};

struct drift {
	struct event_outlet outlet;
	struct dictionary checked;
	struct dictionary newest; /* by device: its newest name with endpoints or a standing */
	struct met met[MET_MAX];
	sqlite3_stmt *statements[DRIFT_COUNT];
	size_t raised_count;
	struct event raised[DRIFT_RAISED_MAX];
};

/* An address of the answer, as far as it matters here. */
struct seen {
	struct country location;
	char standing[16];
	bool anycast;
	bool fresh;    /* no endpoint of this device, name and type yet */
	bool rejudged; /* it was one, and the databases said something else of it */
	int64_t address;
	char evidence[EVENT_EVIDENCE_MAX]; /* "203.0.113.7: dbip 2026-06 CN" */
};

/* What an answer says now. */
struct answer_now {
	char standing[16], confidence[8];
	size_t count;
	struct seen addresses[ADDRESSES_MAX];
	char state[EVENT_STATE_MAX];       /* "CN DE (overseas, high)" */
	char evidence[EVENT_EVIDENCE_MAX]; /* of the first address that has this standing */
};

/* ---- opening ----------------------------------------------------------------------------- */

/* Not part of the first version: journals that were made before get them when they are opened. */
static const char tables[] =
	"CREATE TABLE IF NOT EXISTS drift (id INTEGER PRIMARY KEY,"
	" device INTEGER NOT NULL REFERENCES device, name INTEGER NOT NULL REFERENCES name,"
	" standing TEXT NOT NULL, state TEXT NOT NULL, told INTEGER NOT NULL, last INTEGER NOT NULL,"
	" UNIQUE (device, name)) STRICT;"
	"CREATE INDEX IF NOT EXISTS drift_name ON drift (name);"
	"CREATE TABLE IF NOT EXISTS met (device INTEGER NOT NULL REFERENCES device,"
	" country TEXT NOT NULL, first INTEGER NOT NULL, PRIMARY KEY (device, country)) STRICT,"
	" WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
	" kind TEXT NOT NULL, device INTEGER NOT NULL REFERENCES device, name TEXT NOT NULL,"
	" before TEXT NOT NULL, after TEXT NOT NULL, evidence TEXT NOT NULL,"
	" cause TEXT NOT NULL) STRICT;"
	"CREATE VIEW IF NOT EXISTS v_events (time, kind, device, name, before, after, evidence, cause) AS"
	" SELECT strftime('%Y-%m-%dT%H:%M:%S', e.time / 1000, 'unixepoch')"
	" || printf('.%03dZ', e.time % 1000), e.kind, d.name, e.name, NULLIF(e.before, ''), e.after,"
	" e.evidence, e.cause FROM event e JOIN device d ON d.id = e.device;"
	"CREATE VIEW IF NOT EXISTS v_seen (device, name, countries, networks) AS"
	" SELECT d.name, n.text, group_concat(DISTINCT NULLIF(f.location, '')),"
	" group_concat(DISTINCT NULLIF(f.asn, 0)) FROM endpoint e JOIN device d ON d.id = e.device"
	" JOIN name n ON n.id = e.name JOIN fact f ON f.id = e.fact GROUP BY e.device, e.name;";

static const char meet_again[] =
	"INSERT OR IGNORE INTO met (device, country, first)"
	" SELECT e.device, f.location, min(e.first) FROM endpoint e JOIN fact f ON f.id = e.fact"
	" WHERE f.location <> '' AND NOT f.anycast AND f.standing IN ('home', 'overseas')"
	" AND NOT EXISTS (SELECT 1 FROM met) GROUP BY e.device, f.location";

struct drift *drift_open(struct sqlite_sink *sink)
{
	struct drift *drift = calloc(1, sizeof *drift);
	if (!drift)
		return NULL;
	dictionary_init(&drift->checked, DRIFT_CHECKED_MAX);
	dictionary_init(&drift->newest, NEWEST_MAX);
	int result = sqlite3_exec(sink->db, tables, NULL, NULL, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_exec(sink->db, meet_again, NULL, NULL, NULL);
	for (size_t i = 0; i < DRIFT_COUNT && result == SQLITE_OK; i++)
		result = sqlite3_prepare_v3(sink->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
		                            &drift->statements[i], NULL);
	if (result != SQLITE_OK)
		drift_close(&drift);
	return drift;
}

void drift_close(struct drift **drift)
{
	if (!*drift)
		return;
	for (size_t i = 0; i < DRIFT_COUNT; i++)
		sqlite3_finalize((*drift)->statements[i]);
	dictionary_deinit(&(*drift)->checked);
	dictionary_deinit(&(*drift)->newest);
	free(*drift);
	*drift = NULL;
}

void drift_tell(struct drift *drift, struct event_outlet outlet)
{
	drift->outlet = outlet;
}

/* ---- reading ----------------------------------------------------------------------------- */

static void copy_column(sqlite3_stmt *row, int column, char *to, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	snprintf(to, size, "%s", text ? text : "");
}

static void take_address(struct answer_now *now, sqlite3_stmt *row)
{
	struct seen *seen = &now->addresses[now->count++];
	if (now->count == 1) {
		copy_column(row, 0, now->standing, sizeof now->standing);
		copy_column(row, 1, now->confidence, sizeof now->confidence);
	}
	copy_column(row, 2, seen->location.code, sizeof seen->location.code);
	copy_column(row, 3, seen->standing, sizeof seen->standing);
	seen->anycast = sqlite3_column_int(row, 4);
	seen->fresh = sqlite3_column_int(row, 5);
	seen->rejudged = sqlite3_column_int(row, 6);
	seen->address = sqlite3_column_int64(row, 9);
	snprintf(seen->evidence, sizeof seen->evidence, "%s: %s", sqlite3_column_text(row, 7),
	         sqlite3_column_text(row, 8));
	if (!*now->evidence && !strcmp(seen->standing, now->standing))
		memcpy(now->evidence, seen->evidence, sizeof now->evidence);
}

/* "CN DE (overseas, high)": each country once, in the order of the alphabet. */
static void describe(struct answer_now *now)
{
	struct country countries[COUNTRIES_MAX];
	size_t count = 0, length = 0;
	for (size_t i = 0; i < now->count; i++) {
		struct country country = now->addresses[i].location;
		size_t at = 0;
		while (at < count && strcmp(countries[at].code, country.code) < 0)
			at++;
		if (!country_known(country) || count == COUNTRIES_MAX ||
		    (at < count && country_equal(countries[at], country)))
			continue;
		memmove(&countries[at + 1], &countries[at], (count - at) * sizeof *countries);
		countries[at] = country;
		count++;
	}
	for (size_t i = 0; i < count; i++)
		length += (size_t)snprintf(now->state + length, sizeof now->state - length, "%s ",
		                           countries[i].code);
	snprintf(now->state + length, sizeof now->state - length, "(%s, %s)", now->standing,
	         now->confidence);
}

/* For a name that has no endpoints. */
static int take_content(struct sqlite_sink *sink, const struct content *content,
                        struct answer_now *now)
{
	for (size_t i = 0; i < content->fact_count; i++) {
		const struct fact_known *fact;
		int result = fact_known(sink, content->facts[i], &fact);
		if (result != PF_OK)
			return result;
		if (fact->special)
			continue;
		struct seen *seen = &now->addresses[now->count++];
		seen->location = fact->location;
		memcpy(seen->standing, fact->standing, sizeof seen->standing);
		seen->anycast = fact->anycast;
		seen->fresh = true;
		seen->rejudged = false;
		seen->address = fact->address;
		strcpy(seen->evidence, fact->evidence);
		strcpy(now->standing, standing_word(content->standing));
		strcpy(now->confidence, confidence_word(content->confidence));
		if (!*now->evidence && !strcmp(seen->standing, now->standing))
			strcpy(now->evidence, seen->evidence);
	}
	describe(now);
	return PF_OK;
}

static int read_answer(struct drift *drift, const struct group_key *key, struct answer_now *now)
{
	sqlite3_stmt *rows = drift->statements[DRIFT_ADDRESSES];
	const int64_t numbers[] = {key->device, key->name, key->type, key->answer, ADDRESSES_MAX};
	int step = SQLITE_OK;
	for (int i = 0; i < (int)PF_COUNT(numbers) && step == SQLITE_OK; i++)
		step = sqlite3_bind_int64(rows, i + 1, numbers[i]);
	if (step != SQLITE_OK)
		return PF_EIO;
	while ((step = sqlite3_step(rows)) == SQLITE_ROW)
		take_address(now, rows);
	sqlite3_reset(rows);
	describe(now);
	return step == SQLITE_DONE ? PF_OK : PF_EIO;
}

/* Is nothing known of this name of the device? Names are numbered as they come, and are written in that order: what
 * comes behind the newest that the device has is new to it. */
static int is_first(struct drift *drift, const struct group_key *key, bool *first)
{
	struct dictionary_entry *entry =
		dictionary_find(&drift->newest, &key->device, sizeof key->device);
	sqlite3_stmt *find = drift->statements[DRIFT_NEWEST];
	if (!entry) {
		if (sqlite3_bind_int64(find, 1, key->device) != SQLITE_OK)
			return PF_EIO;
		int step = sqlite3_step(find);
		int64_t newest = step == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
		sqlite3_reset(find);
		if (step != SQLITE_ROW)
			return PF_EIO;
		entry = dictionary_add(&drift->newest, &key->device, sizeof key->device, newest);
	}
	if (!entry)
		return PF_ENOMEM;
	*first = key->name > entry->id;
	if (*first)
		entry->id = key->name;
	return PF_OK;
}

/* ---- telling ----------------------------------------------------------------------------- */

/* The texts of one row; PF_EIO when it is not there. */
static int read_texts(sqlite3_stmt *find, int64_t id, char *first, size_t first_size, char *second,
                      size_t second_size)
{
	if (sqlite3_bind_int64(find, 1, id) != SQLITE_OK)
		return PF_EIO;
	int step = sqlite3_step(find);
	if (step == SQLITE_ROW) {
		copy_column(find, 0, first, first_size);
		if (second)
			copy_column(find, 1, second, second_size);
	}
	sqlite3_reset(find);
	return step == SQLITE_ROW ? PF_OK : PF_EIO;
}

static void write_sentence(struct event *event)
{
	if (event->kind == EVENT_STANDING_CHANGED)
		snprintf(event->text, sizeof event->text,
		         "%.60s: %.120s stood in %.80s and stands in %.80s now (%s)", event->device_name,
		         event->name, event->before, event->after, event->evidence);
	else
		snprintf(event->text, sizeof event->text,
		         "%.60s meets %.8s for the first time, by %.180s (%s)", event->device_name,
		         event->after, event->name, event->evidence);
}

/* Which upstream gave the answer; says nothing when retention has taken the row away meanwhile. */
static void say_upstream(struct drift *drift, int64_t outcome, struct event *event)
{
	char upstream[RECORD_UPSTREAM_MAX];
	if (read_texts(drift->statements[DRIFT_UPSTREAM], outcome, upstream, sizeof upstream, NULL,
	               0) == PF_OK)
		event_add_upstream(event, upstream);
}

/* Writes the event down; one that has a cause in the world is told when the transaction is committed. */
static int put_event(struct drift *drift, const struct group *group, struct event *event,
                     bool database)
{
	int result = read_texts(drift->statements[DRIFT_DEVICE], group->key.device, event->device_id,
	                        sizeof event->device_id, event->device_name, sizeof event->device_name);
	if (result == PF_OK)
		result = read_texts(drift->statements[DRIFT_NAME], group->key.name, event->name,
		                    sizeof event->name, NULL, 0);
	say_upstream(drift, group->outcome, event);
	event->time_wall_us = group->last * 1000;
	struct value values[] = {
		{.number = group->last},       {.text = event_word(event->kind)},
		{.number = group->key.device}, {.text = event->name},
		{.text = event->before},       {.text = event->after},
		{.text = event->evidence},     {.text = database ? "database" : "moved"}};
	if (result == PF_OK)
		result = statement_run(drift->statements[DRIFT_EVENT], values, PF_COUNT(values));
	if (result != PF_OK || database || drift->raised_count == DRIFT_RAISED_MAX)
		return result;
	write_sentence(event);
	drift->raised[drift->raised_count++] = *event;
	return PF_OK;
}

/* ---- what moved -------------------------------------------------------------------------- */

/* Nothing of it is new but what the databases say? */
static bool only_rejudged(const struct answer_now *now)
{
	bool rejudged = false;
	for (size_t i = 0; i < now->count; i++) {
		if (now->addresses[i].fresh)
			return false;
		rejudged = rejudged || now->addresses[i].rejudged;
	}
	return rejudged;
}

struct remembered {
	bool known;
	char standing[16], state[EVENT_STATE_MAX];
	int64_t told;
};

static int recall(struct drift *drift, const struct group_key *key, struct remembered *before)
{
	sqlite3_stmt *find = drift->statements[DRIFT_FIND];
	if (sqlite3_bind_int64(find, 1, key->device) != SQLITE_OK ||
	    sqlite3_bind_int64(find, 2, key->name) != SQLITE_OK)
		return PF_EIO;
	int step = sqlite3_step(find);
	before->known = step == SQLITE_ROW;
	if (before->known) {
		copy_column(find, 0, before->standing, sizeof before->standing);
		copy_column(find, 1, before->state, sizeof before->state);
		before->told = sqlite3_column_int64(find, 2);
	}
	sqlite3_reset(find);
	return step == SQLITE_ROW || step == SQLITE_DONE ? PF_OK : PF_EIO;
}

static int compare_standing(struct drift *drift, const struct group *group, bool first,
                            const struct answer_now *now)
{
	struct remembered before = {0};
	int result = first ? PF_OK : recall(drift, &group->key, &before);
	if (result == PF_OK && before.known && strcmp(before.standing, now->standing)) {
		struct event event = {.kind = EVENT_STANDING_CHANGED};
		bool database = only_rejudged(now);
		bool again = before.told && group->last - before.told < MS_PER_DAY;
		snprintf(event.before, sizeof event.before, "%s", before.state);
		snprintf(event.after, sizeof event.after, "%s", now->state);
		snprintf(event.evidence, sizeof event.evidence, "%s", now->evidence);
		if (database || !again)
			result = put_event(drift, group, &event, database);
		if (!database && !again)
			before.told = group->last;
	}
	struct value values[] = {{.number = group->key.device}, {.number = group->key.name},
	                         {.text = now->standing},       {.text = now->state},
	                         {.number = before.told},       {.number = group->last}};
	return result == PF_OK ? statement_run(drift->statements[DRIFT_PUT], values, PF_COUNT(values))
	                       : result;
}

/* Is the address one that this device has been given before, under whatever name? */
static int is_known(struct drift *drift, int64_t device, int64_t address, bool *known)
{
	sqlite3_stmt *find = drift->statements[DRIFT_KNOWN_ADDRESS];
	if (sqlite3_bind_int64(find, 1, device) != SQLITE_OK ||
	    sqlite3_bind_int64(find, 2, address) != SQLITE_OK)
		return PF_EIO;
	int step = sqlite3_step(find);
	sqlite3_reset(find);
	*known = step == SQLITE_ROW;
	return step == SQLITE_ROW || step == SQLITE_DONE ? PF_OK : PF_EIO;
}

/* Where it is remembered that the device has met the country. */
static struct met *met_of(struct drift *drift, int64_t device, struct country country)
{
	size_t letters = (uint8_t)country.code[0] * 31u + (uint8_t)country.code[1];
	return &drift->met[((uint64_t)device * 37 + letters) % MET_MAX];
}

/* A country that the device may not have met. Home is nothing to write home about. */
static int meet(struct sqlite_sink *sink, const struct group *group, const struct seen *seen)
{
	struct drift *drift = sink->drift;
	struct met *met = met_of(drift, group->key.device, seen->location);
	if (met->device == group->key.device && country_equal(met->country, seen->location))
		return PF_OK;
	*met = (struct met){group->key.device, seen->location};
	struct value values[] = {{.number = group->key.device},
	                         {.text = seen->location.code},
	                         {.number = group->last}};
	int result = statement_run(drift->statements[DRIFT_MEET], values, PF_COUNT(values));
	if (result != PF_OK || !sqlite3_changes(sink->db) || strcmp(seen->standing, "overseas"))
		return result;
	bool known;
	result = is_known(drift, group->key.device, seen->address, &known);
	if (result != PF_OK)
		return result;
	struct event event = {.kind = EVENT_NEW_COUNTRY};
	snprintf(event.after, sizeof event.after, "%s", seen->location.code);
	snprintf(event.evidence, sizeof event.evidence, "%s", seen->evidence);
	return put_event(drift, group, &event, known);
}

static int meet_all(struct sqlite_sink *sink, const struct group *group,
                    const struct answer_now *now)
{
	int result = PF_OK;
	for (size_t i = 0; i < now->count && result == PF_OK; i++) {
		const struct seen *seen = &now->addresses[i];
		bool decided = !strcmp(seen->standing, "home") || !strcmp(seen->standing, "overseas");
		if (decided && !seen->anycast && country_known(seen->location))
			result = meet(sink, group, seen);
	}
	return result;
}

bool drift_saw(const struct sqlite_sink *sink, const struct group *group)
{
	const struct dictionary_entry *entry =
		dictionary_find(&sink->drift->checked, &group->key, sizeof group->key);
	return entry && entry->day == (int32_t)(group->last / MS_PER_DAY);
}

int drift_see(struct sqlite_sink *sink, const struct group *group, const struct content *content)
{
	struct drift *drift = sink->drift;
	int32_t day = (int32_t)(group->last / MS_PER_DAY);
	struct dictionary_entry *entry =
		dictionary_find(&drift->checked, &group->key, sizeof group->key);
	if (entry && entry->day == day)
		return PF_OK;
	struct answer_now *now = malloc(sizeof *now);
	if (!now)
		return PF_ENOMEM;
	/* To clear all that may hold addresses was a quarter of what a replay costs. */
	now->count = 0;
	*now->standing = *now->confidence = *now->state = *now->evidence = '\0';
	bool first = false;
	int result = is_first(drift, &group->key, &first);
	if (result == PF_OK)
		result = first && !content->many ? take_content(sink, content, now)
		                                 : read_answer(drift, &group->key, now);
	/* Of what nobody knows no one can say that it has moved. */
	bool says = now->count && *now->standing && strcmp(now->standing, "unknown");
	if (result == PF_OK && says)
		result = compare_standing(drift, group, first, now);
	if (result == PF_OK && says)
		result = meet_all(sink, group, now);
	free(now);
	if (result == PF_OK && !entry)
		entry = dictionary_add(&drift->checked, &group->key, sizeof group->key, 0);
	if (entry)
		entry->day = day;
	return result;
}

/* ---- the transaction's end --------------------------------------------------------------- */

void drift_committed(struct sqlite_sink *sink)
{
	struct drift *drift = sink->drift;
	for (size_t i = 0; i < drift->raised_count; i++)
		event_raise(&drift->outlet, &drift->raised[i]);
	drift->raised_count = 0;
}

void drift_rolled_back(struct sqlite_sink *sink)
{
	sink->drift->raised_count = 0;
	dictionary_clear(&sink->drift->checked); /* what was looked at will come again */
	drift_forget(sink->drift);
}

void drift_forget(struct drift *drift)
{
	dictionary_clear(&drift->newest);
	memset(drift->met, 0, sizeof drift->met);
}
