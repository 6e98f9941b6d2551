/* What answers say, remembered: which facts each holds, and what those are. Most answers are new with their name and are written
 * a moment before their endpoints, which need the same once more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/state.h"

#define CONTENTS_MAX 65536 /* answers, by the lower digits of their ids; 4 MB when so many came */
#define FACTS_KNOWN_MAX 1024

struct contents {
	struct hash_key seed;
	struct content *answers;                  /* owned: CONTENTS_MAX */
	struct fact_known facts[FACTS_KNOWN_MAX]; /* by the lower digits of their ids */
};

struct contents *contents_new(void)
{
	struct contents *contents = calloc(1, sizeof *contents);
	if (!contents)
		return NULL;
	contents->seed = hash_key_random();
	contents->answers = calloc(CONTENTS_MAX, sizeof *contents->answers);
	if (!contents->answers)
		contents_free(&contents);
	return contents;
}

void contents_free(struct contents **contents)
{
	if (*contents)
		free((*contents)->answers);
	free(*contents);
	*contents = NULL;
}

void contents_forget(struct contents *contents)
{
	/* Written only where something stands: most of it has never been touched. */
	for (size_t i = 0; i < CONTENTS_MAX; i++)
		if (contents->answers[i].answer)
			contents->answers[i].answer = 0;
	for (size_t i = 0; i < FACTS_KNOWN_MAX; i++)
		if (contents->facts[i].fact)
			contents->facts[i].fact = 0;
}

static struct content *place_of(struct contents *contents, int64_t answer)
{
	return &contents->answers[(uint64_t)answer % CONTENTS_MAX];
}

const struct content *content_known(struct contents *contents, int64_t answer)
{
	const struct content *content = place_of(contents, answer);
	return content->answer == answer ? content : NULL;
}

void content_digest(const struct contents *contents, const void *via, size_t length,
                    uint64_t digest[2])
{
	hash_bytes_wide(contents->seed, via ? via : "", length, digest);
}

static void add_fact(struct content *content, int64_t fact)
{
	content->many = content->many || content->fact_count == CONTENT_FACTS_MAX || fact > INT32_MAX;
	if (!content->many)
		content->facts[content->fact_count++] = (int32_t)fact;
}

static int read_content(struct sqlite_sink *sink, int64_t answer, struct content *content)
{
	sqlite3_stmt *rows = sink->statements[ST_ANSWER_CONTENT];
	int step;
	*content = (struct content){0};
	if (sqlite3_bind_int64(rows, 1, answer) != SQLITE_OK)
		return PF_EIO;
	while ((step = sqlite3_step(rows)) == SQLITE_ROW && !content->many) {
		const char *standing = (const char *)sqlite3_column_text(rows, 2);
		const char *confidence = (const char *)sqlite3_column_text(rows, 3);
		const void *via = sqlite3_column_text(rows, 1);
		size_t length = (size_t)sqlite3_column_bytes(rows, 1);
		int parts[] = {standing_parse(standing ? standing : ""),
		               confidence_parse(confidence ? confidence : "")};
		content_digest(sink->contents, via, length, content->via);
		content->chained = length > 0;
		content->standing = (uint8_t)(parts[0] < 0 ? STANDING_NONE : parts[0]);
		content->confidence = (uint8_t)(parts[1] < 0 ? CONFIDENCE_NONE : parts[1]);
		add_fact(content, sqlite3_column_int64(rows, 0));
	}
	sqlite3_reset(rows);
	content->answer = answer;
	return step == SQLITE_DONE || step == SQLITE_ROW ? PF_OK : PF_EIO;
}

int content_read(struct sqlite_sink *sink, int64_t answer, const struct content **content)
{
	struct content *place = place_of(sink->contents, answer);
	int result = place->answer == answer ? PF_OK : read_content(sink, answer, place);
	if (result != PF_OK)
		place->answer = 0;
	*content = place;
	return result;
}

void content_note(struct contents *contents, int64_t id, const struct record_answer *answer,
                  const int64_t *facts, size_t fact_count, const char *country)
{
	struct content *content = place_of(contents, id);
	content->answer = 0;
	if (answer->hop_count) /* its CNAMEs are read as SQL puts them together */
		return;
	*content = (struct content){.answer = id,
	                            .standing = answer->standing,
	                            .confidence = answer->confidence,
	                            .judged = true};
	strcpy(content->country.code, country);
	content_digest(contents, NULL, 0, content->via);
	for (size_t i = 0; i < fact_count; i++)
		add_fact(content, facts[i]);
}

/* ---- facts ------------------------------------------------------------------------------- */

static int read_fact(struct sqlite_sink *sink, int64_t id, struct fact_known *fact)
{
	sqlite3_stmt *row = sink->statements[ST_FACT_READ];
	if (sqlite3_bind_int64(row, 1, id) != SQLITE_OK)
		return PF_EIO;
	int step = sqlite3_step(row);
	if (step == SQLITE_ROW) {
		const char *location = (const char *)sqlite3_column_text(row, 1);
		const char *standing = (const char *)sqlite3_column_text(row, 2);
		fact->address = sqlite3_column_int64(row, 0);
		fact->anycast = sqlite3_column_int(row, 3);
		fact->special = sqlite3_column_int(row, 4);
		snprintf(fact->location.code, sizeof fact->location.code, "%s", location ? location : "");
		snprintf(fact->standing, sizeof fact->standing, "%s", standing ? standing : "");
		snprintf(fact->evidence, sizeof fact->evidence, "%s: %s", sqlite3_column_text(row, 5),
		         sqlite3_column_text(row, 6));
	}
	sqlite3_reset(row);
	return step == SQLITE_ROW ? PF_OK : PF_EIO;
}

int fact_known(struct sqlite_sink *sink, int64_t id, const struct fact_known **fact)
{
	struct fact_known *place = &sink->contents->facts[(uint64_t)id % FACTS_KNOWN_MAX];
	*fact = place;
	if (place->fact == id)
		return PF_OK;
	place->fact = 0;
	int result = read_fact(sink, id, place);
	if (result == PF_OK)
		place->fact = id;
	return result;
}
